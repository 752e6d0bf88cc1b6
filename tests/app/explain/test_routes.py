"""POST /explain: what it answers, and what it refuses."""

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from flask.testing import FlaskClient

from app.explain.explainers import Contributions
from app.factory import create_app
from app.metrics import Metrics
from app.registry import RegistryError
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, SCHEMA, FakeChampion

ROW = list(SCHEMA.example_row)


class Halves:
    """Says that two drivers share the prediction, less a base value of one."""

    def contributions(self, rows: npt.NDArray[np.float64]) -> Contributions:
        total = rows.sum(axis=1) - 1.0
        values = np.column_stack([total * 0.25, total * 0.75])
        return Contributions(("MedInc", "somewhere"), 1.0, values, "100,000 USD")


class OutOfReach:
    """Cannot fetch what it needs."""

    def contributions(self, rows: npt.NDArray[np.float64]) -> Contributions:
        message = f"no files for {len(rows)} rows"
        raise RegistryError(message)


def client(explainer: object = None) -> FlaskClient:
    model = dataclasses.replace(MODEL, explainer=explainer)
    service = Service(Settings(), FakeChampion(model), Metrics())
    return create_app(service).test_client()


def test_drivers_come_strongest_first_and_add_up():
    """Each row has its prediction and its drivers; with the base value they are the sum."""
    told = client(Halves()).post("/explain", json={"features": [ROW, ROW]}).json
    first, second = told["explanations"]
    assert first == second
    assert [driver["driver"] for driver in first["drivers"]] == ["somewhere", "MedInc"]
    assert [driver["value"] for driver in first["drivers"]] == [None, ROW[0]]
    total = told["base"] + sum(driver["contribution"] for driver in first["drivers"])
    assert total == pytest.approx(first["sum"])
    assert first["prediction"] == pytest.approx(sum(ROW))
    assert (told["model"], told["version"], told["run_id"]) == (MODEL.name, "7", "run7")


def test_more_than_a_hundred_rows_are_refused():
    """SHAP values are dear: a hundred rows at once are the most."""
    http = client(Halves())
    assert http.post("/explain", json={"features": [ROW] * 100}).status_code == 200
    answer = http.post("/explain", json={"features": [ROW] * 101})
    assert (answer.status_code, "101 rows" in answer.json["error"]) == (400, True)


def test_bad_value_is_refused_as_by_predict():
    """Row, column and value of a fault are named, with a valid body."""
    http = client(Halves())
    answer = http.post("/explain", json={"features": [[99.0, *ROW[1:]]]})
    assert answer.status_code == 400
    assert (answer.json["row"], answer.json["column"], answer.json["value"]) == (0, "MedInc", 99.0)
    assert http.post("/explain", json=answer.json["example"]).status_code == 200


@pytest.mark.parametrize(
    ("explainer", "path", "status", "message"),
    [
        (None, "/explain", 409, "ask a model of trees"),
        (Halves(), "/explain?model=elsewhere", 404, "elsewhere"),
        (OutOfReach(), "/explain", 503, "no files for 1 rows"),
    ],
)
def test_what_cannot_be_explained_says_why(explainer, path, status, message):
    """A model without contributions, an unknown one, and one out of reach: each has its answer."""
    answer = client(explainer).post(path, json={"features": [ROW]})
    assert answer.status_code == status
    assert message in answer.json["error"]


def test_other_bodies_are_refused():
    """A body that is no JSON is a 415."""
    assert client(Halves()).post("/explain", data=b"a=1").status_code == 415
