"""The routes: what each answers, and what is counted."""

import dataclasses
import gzip
import json

import pytest
from flask.testing import FlaskClient

from app.caller import RefusedError
from app.example import EXAMPLE_BODY
from app.factory import create_app
from app.metrics import VIOLATIONS, Metrics
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, Broken, FakeChampion, FakeJournal

IDENTITY = {"model": "california-housing", "version": "7", "run_id": "run7"}


def client(champion: FakeChampion | None = None, **settings: object) -> FlaskClient:
    chosen = Settings(**settings)
    return create_app(Service(chosen, champion or FakeChampion(), Metrics())).test_client()


def counted(http: FlaskClient, series: str) -> float:
    lines = http.get("/metrics").text.splitlines()
    return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{series} "))


def test_prediction_says_what_it_came_from():
    """An answer carries one prediction a row, the unit, model, version, run and its record's id."""
    journal = FakeJournal(room=2)
    http = create_app(Service(Settings(), FakeChampion(), Metrics(), journal=journal)).test_client()
    first, second, third = (http.post("/predict", json=EXAMPLE_BODY).json for _ in range(3))
    assert first["predictions"] == [pytest.approx(sum(EXAMPLE_BODY["features"][0]), rel=1e-6)]
    assert first["unit"] == "100,000 USD"
    assert IDENTITY.items() <= first.items()
    assert [first["prediction_id"], second["prediction_id"]] == [p.id for p in journal.kept]
    assert journal.kept[0].id != journal.kept[1].id
    # The journal had no room: there is no record to give feedback on.
    assert third["prediction_id"] is None


def test_bad_input_gets_400_with_place_and_example():
    """A refused value is answered with row, column, value and a body that is valid."""
    http = client()
    answer = http.post("/predict", json={"features": [[83252.0, *EXAMPLE_BODY["features"][0][1:]]]})
    assert answer.status_code == 400
    assert (answer.json["row"], answer.json["column"]) == (0, "MedInc")
    assert answer.json["value"] == 83252.0
    assert http.post("/predict", json=answer.json["example"]).status_code == 200


@pytest.mark.parametrize(
    ("body", "column"),
    [
        ({"features": [[83252.0, *EXAMPLE_BODY["features"][0][1:]]]}, "MedInc"),
        ({"features": [[*EXAMPLE_BODY["features"][0][:-1], "west"]]}, "Longitude"),
        ([{"MedInc": 8.3}], "HouseAge"),
        ({"Income": [1.0]}, "MedInc"),
        ([dict.fromkeys((*MODEL.schema.names, "x"), 1)], "other"),
    ],
)
def test_violation_is_counted_by_its_column(body, column):
    """A value out of range, no number or missing: of a column of the model's, and of no other."""
    http = client()
    assert http.post("/predict", json=body).status_code == 400
    lines = http.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(VIOLATIONS) and not line.endswith(" 0.0")]
    assert found == [f'{VIOLATIONS}{{column="{column}"}} 1.0']


def test_refusal_that_is_of_no_column_violates_none():
    """What is no JSON, of the wrong width, or for an unknown model is bad input and no more."""
    http = client()
    http.post("/predict", data=b"{", content_type="application/json")
    http.post("/predict", json={"features": [[1.0]]})
    http.post("/predict?model=x", json=EXAMPLE_BODY)
    lines = http.get("/metrics").text.splitlines()
    assert [line for line in lines if line.startswith(VIOLATIONS)] == [
        f'{VIOLATIONS}{{column="other"}} 0.0'
    ]


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"data": b"", "content_type": "application/json"}, 400),
        ({"data": b"a=1", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": b"{}"}, 415),
        ({"data": b"{}", "content_type": "application/json; charset=nonsense"}, 400),
        ({"data": b"[" + b" " * 2000 + b"]", "content_type": "application/json"}, 413),
        (
            {
                "data": gzip.compress(json.dumps(EXAMPLE_BODY).encode()),
                "content_type": "application/json",
                "headers": {"Content-Encoding": "gzip"},
            },
            415,
        ),
    ],
)
def test_other_bodies_get_their_status_as_json(kwargs, status):
    """A body that is empty, no JSON, compressed or too large gets a 4xx with a JSON error."""
    http = client(max_body_bytes=1000)
    answer = http.post("/predict", **kwargs)
    assert answer.status_code == status
    assert answer.json["error"]
    assert counted(http, 'prediction_errors_total{reason="bad_input"}') == 1


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/predict", 405), ("GET", "/x", 404)]
)
def test_wrong_route_is_json(method, path, status):
    """A wrong path or method gets its status as JSON."""
    answer = client().open(path, method=method)
    assert (answer.status_code, answer.is_json) == (status, True)


def test_no_champion_is_503_with_what_to_do():
    """Without a model /predict and /readyz answer 503 and say how to get one; /healthz lives."""
    http = client(FakeChampion(None, "no version in the registry carries the alias"))
    for answer in (http.post("/predict", json=EXAMPLE_BODY), http.get("/readyz")):
        assert answer.status_code == 503
        assert "python -m training.train" in answer.json["error"]
    assert http.get("/healthz").status_code == 200
    assert counted(http, 'prediction_errors_total{reason="no_model"}') == 1


def test_readyz_names_model_and_bundle():
    """A ready service names its model, version, run, and the bundle that it was started from."""
    answer = client(bundle_hash="abc").get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "bundle": "abc", **IDENTITY}


def test_readyz_admits_a_stale_model():
    """With the registry gone the last good model is still ready, and said to be stale."""
    answer = client(FakeChampion(MODEL, "the registry is not reachable")).get("/readyz")
    assert (answer.status_code, answer.json["stale"]) == (200, True)


def test_fault_shows_no_inside_view():
    """A model that fails is a 500 without its message, and is counted as internal."""
    http = client(FakeChampion(dataclasses.replace(MODEL, predictor=Broken())))
    answer = http.post("/predict", json=EXAMPLE_BODY)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert counted(http, 'prediction_errors_total{reason="internal"}') == 1


@pytest.mark.parametrize(("status", "reason"), [(401, "unauthorized"), (503, "unavailable")])
def test_refused_callers_are_counted_by_whose_fault_it_is(status, reason):
    """A database that is away is the service's fault; a wrong key is its sender's."""

    class Locked:
        def caller(self, _environ, _scope):
            raise RefusedError(status, "no")

    http = create_app(Service(Settings(), FakeChampion(), Metrics(), Locked())).test_client()
    assert http.post("/predict", json=EXAMPLE_BODY).status_code == status
    for each in ("unauthorized", "unavailable"):
        assert counted(http, f'prediction_errors_total{{reason="{each}"}}') == (each == reason)


@pytest.mark.parametrize(
    "path", ["/predict", "/invocations", f"/v2/models/{MODEL.name}/infer", "/explain"]
)
def test_too_large_is_413_in_every_protocol(path):
    """It says what to do, and is counted once."""
    http = client(max_body_bytes=10)
    answer = http.post(path, json=EXAMPLE_BODY)
    assert answer.status_code == 413
    assert "fewer rows" in answer.json["error" if "message" not in answer.json else "message"]
    counts = 0 if path == "/explain" else 1
    assert counted(http, "prediction_requests_total") == counts
    assert counted(http, 'prediction_errors_total{reason="bad_input"}') == counts


def test_faults_beside_predictions_are_counted():
    """A page that fails is a 500 without its message, and is counted as no prediction."""
    http = client(FakeChampion(dataclasses.replace(MODEL, explainer=Broken())))
    answer = http.post("/explain", json=EXAMPLE_BODY)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert counted(http, "http_faults_total") == 1
    assert counted(http, "prediction_requests_total") == 0


def test_requests_rows_and_latency_are_counted():
    """Each request counts once, each row once, and each request has a latency."""
    http = client()
    http.post("/predict", json={"features": EXAMPLE_BODY["features"] * 3})
    http.post("/predict", json={})
    assert counted(http, "prediction_requests_total") == 2
    assert counted(http, "prediction_rows_total") == 3
    assert counted(http, "prediction_latency_seconds_count") == 2
