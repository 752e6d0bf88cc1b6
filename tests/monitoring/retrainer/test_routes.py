"""The retrainer's HTTP routes: what is queued, and what each bad request is answered."""

import json

import pytest
from prometheus_client import CollectorRegistry

from app.database import retrainings
from app.database.connection import Database
from monitoring.retrainer.history import History
from monitoring.retrainer.routes import MOST_BYTES, Parts, create_app
from monitoring.retrainer.runner import Runner

HOUSES = "california-housing"
ALERT = {
    "status": "firing",
    "labels": {"alertname": "FeatureDrift", "model": HOUSES},
    "startsAt": "2026-11-21T10:00:00.123456789Z",
}


def never(number):
    message = f"retraining {number} was started"
    raise AssertionError(message)


def client_of(database):
    figures = CollectorRegistry()
    figures.register(History(database))
    return create_app(Parts(database, Runner(database, never), figures)).test_client()


@pytest.fixture
def client(database):
    return client_of(database)


def test_an_alert_is_queued(client):
    """It stands in the history from then on."""
    told = client.post("/alerts", json={"alerts": [ALERT]})
    assert told.status_code == 202
    assert told.json["retrainings"][0]["trigger"] == "FeatureDrift"
    (listed,) = client.get("/retrainings").json["retrainings"]
    assert (listed["stage"], listed["outcome"]) == ("queued", None)
    assert listed["alert_at"] == "2026-11-21T10:00:00.123+00:00"


def test_alerts_sent_twice_are_one_retraining(client):
    """Alertmanager may send again what it got no answer to."""
    for _ in range(2):
        assert client.post("/alerts", json={"alerts": [ALERT, ALERT]}).status_code == 202
    assert len(client.get("/retrainings").json["retrainings"]) == 1


def test_a_person_is_told_its_number(client):
    """And may ask again, for the same one."""
    told = [client.post("/retrainings", json={"model": HOUSES}) for _ in range(2)]
    assert [each.status_code for each in told] == [202, 202]
    assert {each.json["id"] for each in told} == {1}


def test_another_recipe_is_refused_while_one_runs(client):
    """With a sentence that says which one."""
    client.post("/retrainings", json={"model": HOUSES})
    refused = client.post("/retrainings", json={"model": HOUSES, "recipe": "linear"})
    assert refused.status_code == 409
    assert "ask again when it has" in refused.json["error"]


@pytest.mark.parametrize("path", ["/alerts", "/retrainings"])
@pytest.mark.parametrize(
    ("body", "kind", "status", "told"),
    [
        (b"", "application/json", 400, "no JSON"),
        (b"{", "application/json", 400, "no JSON"),
        (b"\xff\xfe", "application/json", 400, "no JSON"),
        (b"[" * 100_000, "application/json", 400, "no JSON"),
        (b"[]", "application/json", 400, "must be a JSON object"),
        (b'{"model": 1}', "application/json", 400, ": "),
        (b"x=1", "application/x-www-form-urlencoded", 415, "must be application/json"),
        (b"{}", "text/plain", 415, "must be application/json"),
        (b"{}", "", 415, "must be application/json"),
        (b" " * (MOST_BYTES * 2), "application/json", 413, "too large"),
    ],
    ids=["none", "cut", "bytes", "deep", "list", "types", "form", "text", "nothing", "2MB"],
)
def test_a_bad_body_gets_a_sentence(client, path, body, kind, status, told):
    """4xx, JSON, no trace; nothing is queued."""
    answer = client.post(path, data=body, content_type=kind or None)
    assert answer.status_code == status, answer.text
    assert told in answer.json["error"]
    assert len(answer.json["error"]) < 400
    assert client.get("/retrainings").json == {"retrainings": []}


def test_an_alert_of_a_model_that_nobody_knows_keeps_no_other_back(client):
    """Somebody has registered it beside ours: Alertmanager may put both into one message."""
    labels = {"alertname": "FeatureDrift", "model": "boats"}
    answer = client.post("/alerts", json={"alerts": [{**ALERT, "labels": labels}, ALERT]})
    assert answer.status_code == 202
    assert [one["model"] for one in answer.json["retrainings"]] == [ALERT["labels"]["model"]]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
    ids=str,
)
def test_another_sites_page_may_not_ask(client, headers):
    """Not with the operator's login, which a browser sends along by itself."""
    answer = client.post("/retrainings", json={"model": HOUSES}, headers=headers)
    assert answer.status_code == 403
    assert client.get("/retrainings").json == {"retrainings": []}


def test_what_is_not_there_is_said_in_json(client):
    """A path, a method: with the status that programs know."""
    assert client.get("/nothing").status_code == 404
    assert client.get("/alerts").status_code == 405
    assert set(client.get("/nothing").json) == {"error"}


def test_figures_are_told(client):
    """As Prometheus reads them."""
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    assert "retraining_running 0.0" in answer.text


def test_a_database_that_is_away_is_asked_for_later(tmp_path):
    """503, upon which Alertmanager sends the alert again; the process is alive all the same."""
    (tmp_path / "service.db").mkdir()
    away = Database(f"sqlite:///{tmp_path}/service.db")
    client = client_of(away)
    for answer in (
        client.post("/alerts", json={"alerts": [ALERT]}),
        client.post("/retrainings", json={"model": HOUSES}),
        client.get("/retrainings"),
    ):
        assert answer.status_code == 503
        assert "try again" in answer.json["error"]
        assert answer.headers["Retry-After"]
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 200
    away.close()


def test_the_history_is_what_the_table_says(client, database):
    """Times for people, and the reason."""
    with database.writing() as connection:
        number = retrainings.queue(connection, HOUSES, "schedule", 0.5).id
        retrainings.end(connection, number, retrainings.REFUSED, "not better", 60.0)
    (told,) = json.loads(client.get("/retrainings").text)["retrainings"]
    assert told["at"] == "1970-01-01T00:00:00.500+00:00"
    assert (told["outcome"], told["reason"]) == ("refused", "not better")
