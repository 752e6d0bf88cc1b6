"""The routes about models: what they answer, who may ask, and what MLflow's hook does."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.caller import Caller, RefusedError
from app.factory import create_app
from app.hook import Hook
from app.metrics import Metrics
from app.model import UnusableModelError
from app.registry import NoChampionError
from app.rest import RegistryError
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, FakeChampion
from tests.app.test_hook import BODY, signed

HOOK = Hook("http://127.0.0.1:5001/models/hook", "the secret of both")
BACK = "/models/california-housing/previous"


class OnlyPredict:
    """Lets everybody predict, and nothing else."""

    def caller(self, environ: Mapping[str, Any], scope: str) -> Caller:
        if scope != "predict":
            message = f"the key lacks the scope {scope}"
            raise RefusedError(403, message)
        return Caller(1 if environ else None, frozenset({"predict"}))


def client(champion: FakeChampion | None = None, **parts: object) -> FlaskClient:
    service = Service(Settings(), champion or FakeChampion(), Metrics(), **parts)
    return create_app(service).test_client()


def test_models_are_listed_with_what_they_take():
    """A model is shown with version, run, columns with units and ranges, example and memory."""
    http = client()
    answer = http.get("/models").json
    (model,) = answer["models"]
    assert (model["model"], model["version"], model["run_id"]) == (
        "california-housing",
        "7",
        "run7",
    )
    assert (model["default"], model["stale"], model["problem"]) == (True, False, None)
    assert model["columns"][0] == {
        "name": "MedInc",
        "unit": "median income in 10,000 USD",
        "low": 0.1,
        "high": 20.0,
    }
    assert http.post("/predict", json=model["example"]).status_code == 200
    assert answer["memory"] == {"used_bytes": 3_000_000, "budget_bytes": 150_000_000}


def test_model_that_is_not_served_says_why():
    """Without a model there is a problem, no version, and no columns to send."""
    (model,) = client(FakeChampion(None, "it does not fit")).get("/models").json["models"]
    assert (model["version"], model["champion"], model["problem"]) == (None, "7", "it does not fit")
    assert not model["stale"]
    assert "columns" not in model


def test_back_answers_what_is_served():
    """The way back answers with the version that is served now, and the one it replaced."""
    answer = client(FakeChampion(back_to=replace(MODEL, version="6", run_id="run6"))).post(BACK)
    assert answer.json == {
        "model": "california-housing",
        "version": "6",
        "run_id": "run6",
        "previous": "8",
    }


@pytest.mark.parametrize(
    ("path", "error", "status", "message"),
    [
        (BACK, NoChampionError("nothing carries previous"), 409, "there is nothing to go back to"),
        (BACK, UnusableModelError("version 6 is damaged"), 409, "the champion stays"),
        (BACK, RegistryError("not reachable"), 503, "try again"),
        ("/models/other/previous", MODEL, 404, "no model other is followed"),
    ],
)
def test_back_that_cannot_be_says_why(path, error, status, message):
    """No previous version, an unusable one, no registry, no such model: each its own status."""
    answer = client(FakeChampion(back_to=error)).post(path)
    assert answer.status_code == status
    assert message in answer.json["error"]


def test_scopes_are_asked_for():
    """Looking needs `predict`, going back needs `manage`."""
    http = client(gate=OnlyPredict())
    assert http.get("/models").status_code == 200
    answer = http.post(BACK)
    assert (answer.status_code, answer.json) == (403, {"error": "the key lacks the scope manage"})


def test_hook_of_mlflow_wakes_the_follower():
    """A signed call makes the follower look; another one does not, and gets 401."""
    champion = FakeChampion()
    http = client(champion, hook=HOOK, gate=OnlyPredict())
    headers = signed(at=time.time())
    assert http.post("/models/hook", data=BODY, headers=headers).status_code == 204
    assert champion.woken == 1
    for wrong in ({}, signed("another", at=time.time()), signed(at=time.time() - 1000)):
        answer = http.post("/models/hook", data=BODY, headers=wrong)
        assert (answer.status_code, answer.is_json) == (401, True)
    assert champion.woken == 1


def test_hook_without_an_address_is_not_there():
    """A service that was not told where MLflow reaches it has no hook."""
    answer = client().post("/models/hook", headers=signed(at=time.time()))
    assert answer.status_code == 404
    assert "MODEL_HOOK_URL" in answer.json["error"]
