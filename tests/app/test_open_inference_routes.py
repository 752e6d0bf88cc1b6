"""The Open Inference Protocol's routes: infer, health and metadata."""

import pytest

from app.factory import create_app
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, SCHEMA, FakeChampion, FakeJournal

GOOD = list(SCHEMA.example_row)
TENSOR = {"name": "x", "shape": [2, 8], "datatype": "FP64", "data": GOOD + GOOD}
MODEL_PATHS = [f"/v2/models/{MODEL.name}", f"/v2/models/{MODEL.name}/versions/{MODEL.version}"]


def client(champion: FakeChampion | None = None):
    service = Service(Settings(), champion or FakeChampion(), Metrics(), journal=FakeJournal())
    return create_app(service).test_client()


@pytest.mark.parametrize("path", MODEL_PATHS)
def test_inference_answers_a_tensor_with_its_origin(path):
    """One value a row, the caller's id, model and version, and what it came from."""
    answer = client().post(f"{path}/infer", json={"id": "mine", "inputs": [TENSOR]}).json
    assert answer["outputs"] == [
        {
            "name": "predict",
            "shape": [2, 1],
            "datatype": "FP64",
            "data": [pytest.approx(sum(GOOD))] * 2,
        }
    ]
    assert (answer["id"], answer["model_name"], answer["model_version"]) == (
        "mine",
        MODEL.name,
        "7",
    )
    assert answer["parameters"]["run_id"] == "run7"
    assert len(answer["parameters"]["prediction_id"]) == 32


def test_id_is_not_made_up():
    """A request without an id is answered without one."""
    answer = client().post(f"{MODEL_PATHS[0]}/infer", json={"inputs": [TENSOR]}).json
    assert "id" not in answer


def test_refusal_has_an_example_of_this_protocol():
    """A bad value is named, and the example that comes with it is answered."""
    http = client()
    bad = TENSOR | {"data": [99.0, *GOOD[1:], *GOOD]}
    answer = http.post(f"{MODEL_PATHS[0]}/infer", json={"inputs": [bad]})
    assert (answer.status_code, answer.json["column"]) == (400, "MedInc")
    again = http.post(f"{MODEL_PATHS[0]}/infer", json=answer.json["example"])
    assert again.status_code == 200


HALF = "\ud800"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("infer", {"id": HALF, "inputs": [TENSOR]}, 400),
        ("infer", {"id": "\U0001f600", "inputs": [TENSOR]}, 200),
        ("infer", {"inputs": [TENSOR | {"name": HALF}]}, 200),
        ("infer", {"inputs": [TENSOR | {"name": HALF, "datatype": HALF}]}, 400),
        ("infer", {"inputs": [TENSOR | {"name": HALF, "shape": [2], "data": [1, 2]}]}, 400),
        ("infer", {"inputs": [TENSOR], "outputs": [{"name": HALF}]}, 400),
        ("infer", {"inputs": [TENSOR], "parameters": {HALF: HALF}}, 200),
        ("versions/%ED%A0%80/infer", {"inputs": [TENSOR]}, 404),
    ],
)
def test_half_a_character_is_no_fault(path, body, status):
    """Wherever it stands it is refused or passed over, and what is refused is not recorded."""
    journal = FakeJournal()
    service = Service(Settings(), FakeChampion(), Metrics(), journal=journal)
    answer = create_app(service).test_client().post(f"{MODEL_PATHS[0]}/{path}", json=body)
    assert answer.status_code == status
    assert len(journal.kept) == (status == 200)


@pytest.mark.parametrize("path", ["/predict", "/invocations"])
@pytest.mark.parametrize("query", ["%ED%A0%80", "\u00e9", "%ff", "%00"])
def test_half_a_character_names_no_model(path, query):
    """A query that is no text names a model that is not served."""
    answer = client().post(f"{path}?model={query}", json={"inputs": [TENSOR]})
    assert answer.status_code == 404


@pytest.mark.parametrize("length", ["x", "-1", "99999999999999999999", "5"])
def test_length_of_json_that_is_none_is_refused(length):
    """A header that misstates how much of the body is JSON is a 400."""
    headers = {"Inference-Header-Content-Length": length}
    answer = client().post(f"{MODEL_PATHS[0]}/infer", json={"inputs": []}, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", MODEL_PATHS)
def test_metadata_names_columns_and_output(path):
    """A model's description has its columns with units and ranges, and its output."""
    answer = client().get(path).json
    assert (answer["name"], answer["versions"]) == (MODEL.name, ["7"])
    assert [tensor["name"] for tensor in answer["inputs"]] == list(SCHEMA.names)
    assert answer["inputs"][0]["parameters"]["high"] == 20.0
    assert answer["outputs"][0]["name"] == "predict"


def test_health_is_of_server_and_model():
    """The server lives without a model; it is ready with one, as is the model."""
    waiting, http = client(FakeChampion(None, "no champion yet")), client()
    for path, without, with_model in (
        ("/v2", 200, 200),
        ("/v2/health/live", 200, 200),
        ("/v2/health/ready", 503, 200),
        (f"{MODEL_PATHS[0]}/ready", 503, 200),
        (f"{MODEL_PATHS[1]}/ready", 503, 200),
        ("/v2/models/other/ready", 503, 404),
        ("/v2/models/other", 503, 404),
    ):
        assert waiting.get(path).status_code == without, path
        assert http.get(path).status_code == with_model, path
