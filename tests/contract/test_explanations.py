"""Each model that training saves is explained by the API, and the explanation adds up."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from app.explain.drivers import LOCATION, OTHER, drivers_of
from app.model import ServedModel, load
from app.registry import ModelVersion
from training import features
from training.data import published_split
from training.generate import generate, generate_classes
from training.models import recipes, store
from training.models.boosted import Boosted
from training.models.interface import Model, Part
from training.models.network import Network

HOUSING, CLASSES = generate(1_000), generate_classes(1_000)
SPLIT = published_split(1_000)
ROWS = HOUSING.features[SPLIT.test]


class Folder:
    """A registry whose one version is a folder; counts what is fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fetched: list[str] = []

    def __call__(self, name: str) -> bytes:
        self.fetched.append(name)
        return (self.folder / name).read_bytes()


def saved(name: str, folder: Path) -> Model:
    recipe = recipes.RECIPES[name]
    data = HOUSING if recipe.problem is HOUSING.problem else CLASSES
    train, validation = Part.of(data, SPLIT.train), Part.of(data, SPLIT.validation)
    model = recipe.fit(train, validation, recipe.profiles["default"], 0)
    store.save(model, recipe.problem, data.features[:3], folder)
    return model


def served(folder: Path) -> ServedModel:
    return load(Folder(folder), ModelVersion("some-model", "3", "run3", "mlflow-artifacts:/3"))


@pytest.mark.parametrize("name", ["xgboost", "xgboost-geo"])
def test_base_and_contributions_are_the_trees_sum(name, tmp_path):
    """The base value and what each driver adds are what the trees compute, before the bounds."""
    model = saved(name, tmp_path)
    assert isinstance(model, Boosted)
    found = served(tmp_path).explainer.contributions(ROWS)
    raw = model.booster.inplace_predict(model.inputs(ROWS))
    assert np.allclose(found.base + found.values.sum(axis=1), raw, atol=1e-5)
    assert np.abs(found.values).max() > 0.1


def test_plain_model_is_explained_as_in_training(tmp_path):
    """The values are those that the training's report shows, column by column."""
    model = saved("xgboost", tmp_path)
    found = served(tmp_path).explainer.contributions(ROWS)
    assert found.drivers == features.RAW
    assert np.allclose(found.values, model.contributions(ROWS), atol=1e-6)


def test_geographic_model_is_explained_by_columns_and_place(tmp_path):
    """57 features come back as six columns and the place."""
    saved("xgboost-geo", tmp_path)
    assert served(tmp_path).explainer.contributions(ROWS).drivers == (*features.RAW[:6], LOCATION)


def test_every_feature_of_training_is_known():
    """A feature that is new in training/features.py is traced in app/drivers.py too."""
    assert not [name for name in features.NAMES if OTHER in drivers_of(name, features.RAW)]


@pytest.mark.parametrize(("name", "unit"), [("linear", "USD"), ("logistic", "log-odds")])
def test_weighted_sum_is_explained_exactly(name, unit, tmp_path):
    """The contributions of a weighted sum and its base value are that sum."""
    model = saved(name, tmp_path)
    rows = (HOUSING if name == "linear" else CLASSES).features[SPLIT.test]
    found = served(tmp_path).explainer.contributions(rows)
    raw = rows @ model.weights + model.intercept
    assert np.allclose(found.base + found.values.sum(axis=1), raw)
    assert found.unit.endswith(unit)


def test_network_has_no_explanation(tmp_path):
    """A network is served without drivers."""
    rng = np.random.default_rng(0)
    network = Network((rng.normal(size=(8, 1)),), (rng.normal(size=1),), (-5.0, 5.0))
    store.save(network, HOUSING.problem, HOUSING.features[:3], tmp_path)
    assert served(tmp_path).explainer is None


def test_nothing_is_fetched_again_for_the_second_question(tmp_path):
    """The explainer is made at the first question, and kept."""
    saved("linear", tmp_path)
    registry = Folder(tmp_path)
    model = load(registry, ModelVersion("some-model", "3", "run3", "mlflow-artifacts:/3"))
    before = len(registry.fetched)
    for _ in range(2):
        model.explainer.contributions(ROWS)
    assert registry.fetched[before:] == ["model.json"]


def test_weighted_sum_is_compared_with_the_median_of_its_training_rows(tmp_path):
    """Where the deciles travel with the model, a row of medians has no drivers."""
    saved("linear", tmp_path)
    medians = np.median(HOUSING.features[SPLIT.train], axis=0)
    deciles = {name: [median] * 11 for name, median in zip(features.RAW, medians, strict=True)}
    (tmp_path / "reference.json").write_text(
        json.dumps({"features": deciles, "prediction": [0.0] * 11})
    )
    manifest = tmp_path / store.MANIFEST
    described = yaml.safe_load(manifest.read_text())["metadata"] | {"reference": "reference.json"}
    manifest.write_text(yaml.safe_dump({"metadata": described}))
    found = served(tmp_path).explainer.contributions(medians[None])
    assert np.allclose(found.values, 0.0)
