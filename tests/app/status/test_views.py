"""What the page /status is told: all there is, and plain words for what there is not."""

import threading
import time
from dataclasses import replace

import jsonschema
import pytest

from app.database import retrainings
from app.status.collect import PATIENCE_S
from tests.app.fakes import MODEL, FakeChampion
from tests.app.pages.hosted import site
from tests.app.status.prometheus_server import Figures, answering, silent

RATED = replace(MODEL, baseline_rmse=0.376)
NAMED = MODEL.name


@pytest.fixture
def figures():
    return Figures()


@pytest.fixture
def made(tmp_path, figures):
    """A service with a Prometheus and a database."""
    with (
        answering(figures) as at,
        site(tmp_path, prometheus=at, champion=FakeChampion(RATED)) as one,
    ):
        yield one


def told(made):
    answer = made.client().get("/status/data")
    assert answer.status_code == 200
    return answer.json


def test_services_are_told_the_edge_first(made, figures):
    """Each job of Prometheus's and the edge, whether they answer."""
    figures.up = {"xgboost-api": 1.0, "mlflow": 0.0, "edge": 1.0}
    assert told(made)["services"] == [
        {"name": "edge", "up": True},
        {"name": "mlflow", "up": False},
        {"name": "xgboost-api", "up": True},
    ]


def test_model_in_force_is_told(made):
    """Its name, version, since when, and how good it was on its test rows."""
    assert told(made)["model"] == {
        "name": NAMED,
        "version": "7",
        "since": "2023-11-14T22:13:20.000+00:00",
        "baseline_rmse": 0.376,
    }


def test_last_hour_is_told(made, figures):
    """Each figure has a value at each step of the hour, the PSI for each feature."""
    figures.course = {**figures.course, "live_rmse_ratio": float("nan")}
    found = told(made)
    course = found["course"]
    assert found["now"] == figures.now
    assert len(course["at"]) == 241
    assert {b - a for a, b in zip(course["at"], course["at"][1:], strict=False)} == {15}
    assert 0 <= time.time() - course["at"][-1] < 25
    assert course["requests_per_s"][0] == pytest.approx(12.25, rel=0.25)
    # No requests, no percentile: JSON has no NaN.
    assert set(course["live_rmse_ratio"]) == {None}
    assert {name: len(values) for name, values in course["drift_psi"].items()} == dict.fromkeys(
        figures.psi, 241
    )


def test_newest_retrainings_are_told(made):
    """The last ten, each with why, how it ended and how long it took; one that runs has no end."""
    with made.database.writing() as connection:
        for number in range(11):
            row = retrainings.queue(connection, NAMED, "FeatureDrift", 1000.0 * number)
            retrainings.step(connection, row.id, stage=retrainings.JUDGING, version=str(number))
            if number < 10:
                retrainings.end(connection, row.id, "refused", "not better", 1000.0 * number + 42)
    newest, last, *rest = told(made)["retrainings"]
    assert (newest["stage"], newest["outcome"]) == ("judging", None)
    assert newest["seconds"] == pytest.approx(time.time() - 10_000, abs=60)
    assert last == {
        "id": 10,
        "at": "1970-01-01T02:30:00.000+00:00",
        "model": NAMED,
        "trigger": "FeatureDrift",
        "stage": "ended",
        "outcome": "refused",
        "reason": "not better",
        "seconds": 42.0,
        "version": "9",
    }
    assert len(rest) == 8


def test_all_is_as_the_description_says(made):
    """With everything there, and with nothing."""
    schema = made.client().get("/openapi.json").json["paths"]["/status/data"]["get"]
    schema = schema["responses"]["200"]["content"]["application/json"]["schema"]
    with made.database.writing() as connection:
        retrainings.queue(connection, NAMED, "operator", 1.0)
    found = told(made)
    assert found["problems"] == {"prometheus": None, "database": None, "model": None}
    jsonschema.Draft202012Validator(schema).validate(found)


def test_dead_prometheus_is_said_and_the_rest_is_told(tmp_path):
    """No services, no figures; model and history are there, and the hour is empty."""
    with site(tmp_path, champion=FakeChampion(RATED)) as made:
        with made.database.writing() as connection:
            retrainings.queue(connection, NAMED, "operator", 1.0)
        found = told(made)
    assert "Connection refused" in found["problems"]["prometheus"]
    assert found["services"] == []
    assert set(found["now"].values()) == {None}
    assert set(found["course"]["requests_per_s"]) == {None}
    assert found["model"]["version"] == "7"
    assert found["model"]["since"] is None
    assert len(found["retrainings"]) == 1


def test_silent_prometheus_holds_a_worker_only_for_a_moment(tmp_path):
    """It takes the connection and says nothing: one second, once for all who ask."""
    with silent() as at, site(tmp_path, prometheus=at) as made:
        started = time.monotonic()
        for _ in range(5):
            assert "timed out" in told(made)["problems"]["prometheus"]
        assert time.monotonic() - started < PATIENCE_S + 1


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"data": {"result": [{"metric": 1}]}}'])
def test_odd_prometheus_is_said(tmp_path, figures, answer):
    """Another server at its address is no fault of ours."""
    figures.instead = answer
    with answering(figures) as at, site(tmp_path, prometheus=at) as made:
        assert "none of its answers" in told(made)["problems"]["prometheus"]


def test_away_database_is_said_and_the_rest_is_told(made):
    """Only the history is missing."""
    made.database.close()
    (made.folder / "service.db").unlink()
    (made.folder / "service.db").mkdir()
    found = told(made)
    assert "database cannot be used" in found["problems"]["database"]
    assert found["retrainings"] == []
    assert found["services"]


def test_service_without_a_model_says_so(tmp_path, figures):
    """Traffic is told all the same; drift is asked for of the model that will come."""
    champion = FakeChampion(None, "no version has the alias champion")
    with answering(figures) as at, site(tmp_path, prometheus=at, champion=champion) as made:
        found = told(made)
    assert found["model"] is None
    assert found["problems"]["model"] == "no version has the alias champion"
    assert found["services"]
    assert any(f'model="{NAMED}"' in asked["query"] for asked in figures.asked)


def test_those_who_ask_together_ask_prometheus_once(made, figures):
    """The page of many readers costs as much as that of one."""
    readers = [threading.Thread(target=told, args=(made,)) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(figures.asked) == 3


def test_nothing_of_a_request_reaches_prometheus(made, figures):
    """What is asked there is written here."""
    made.client().get("/status/data?query=secret&model=secret")
    assert len(figures.asked) == 3
    assert not any("secret" in text for asked in figures.asked for text in asked.values())
