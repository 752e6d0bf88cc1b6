"""Which model answers: the one named, else the one whose columns the body has, else the default."""

import json
from collections.abc import Collection

import numpy as np
import pytest

from app.factory import create_app
from app.metrics import Metrics
from app.model import ServedModel
from app.schema import Column, Schema
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL


class SecondIsLarge:
    """Class 1 where the second feature is above 15."""

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return (rows[:, 1] > 15).astype(np.float64)


TWO = Schema(
    (Column("feature1", -1e3, 1e3, "no unit"), Column("feature2", -1e3, 1e3, "no unit")),
    "class 0 or 1",
    (1.0, 10.0),
    classes=(0, 1),
)
CLASSES = ServedModel("two-feature-classes", "2", "run2", TWO, SecondIsLarge())


class TwoModels:
    """Two served models, houses by default."""

    default: ServedModel | None = MODEL
    problem = None
    names = (MODEL.name, CLASSES.name)

    def named(self, name: str) -> ServedModel | None:
        return next((model for model in (MODEL, CLASSES) if model.name == name), None)

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        wanted = set(names)
        found = [m for m in (MODEL, CLASSES) if set(m.schema.names) == wanted]
        return found[0] if found else None


HTTP = create_app(Service(Settings(), TwoModels(), Metrics())).test_client()
COLUMNS = {"feature1": [1, 2, 3], "feature2": [10, 20, 30]}


@pytest.mark.parametrize(
    ("path", "kwargs"),
    [
        ("/predict", {"json": COLUMNS}),
        ("/predict?model=two-feature-classes", {"json": COLUMNS}),
        ("/predict", {"json": [{"feature1": 1, "feature2": n} for n in (10, 20, 30)]}),
        ("/predict", {"data": "feature2,feature1\n10,1\n20,2\n30,3", "content_type": "text/csv"}),
        (
            "/predict?model=two-feature-classes",
            {"json": {"features": [[1, 10], [2, 20], [3, 30]]}},
        ),
        ("/invocations", {"json": {"inputs": COLUMNS}}),
        (
            "/invocations?model=two-feature-classes",
            {"json": {"instances": [[1, 9], [2, 20], [3, 30]]}},
        ),
    ],
)
def test_two_features_get_one_class_a_row(path, kwargs):
    """Wherever its columns are sent, the classifier answers one class, 0 or 1, a row."""
    answer = HTTP.post(path, **kwargs)
    assert answer.status_code == 200
    assert answer.json["predictions"] == [0, 1, 1]
    assert (answer.json["model"], answer.json["version"]) == ("two-feature-classes", "2")
    assert "." not in answer.text.split('"unit"')[0]


def test_other_columns_are_the_defaults_fault():
    """A body with nobody's columns is told the default model's, with an example for it."""
    answer = HTTP.post("/predict", json={"feature1": [1]})
    assert answer.status_code == 400
    assert "column MedInc is missing" in answer.json["error"]
    assert HTTP.post("/predict", json=answer.json["example"]).json["model"] == MODEL.name


def test_example_is_for_the_model_that_was_meant():
    """A refused value for the classifier is answered with a body for the classifier."""
    answer = HTTP.post("/predict", json=COLUMNS | {"feature1": [1, 2, 5_000]})
    assert (answer.status_code, answer.json["row"], answer.json["column"]) == (400, 2, "feature1")
    assert answer.json["example"] == {"features": [[1.0, 10.0]]}


@pytest.mark.parametrize(
    "path",
    [
        "/predict?model=other",
        "/invocations?model=other",
        "/v2/models/other/infer",
        "/v2/models/two-feature-classes/versions/1/infer",
    ],
)
def test_model_that_is_not_served_is_404_with_those_that_are(path):
    """A name or version that is not served is 404 and says what is, whatever the body."""
    answer = HTTP.post(path, json=json.dumps(COLUMNS))
    assert answer.status_code == 404
    assert "version 2 is" in answer.json["error"] or (
        "california-housing, two-feature-classes" in answer.json["error"]
    )
