"""Each model that training saves is served by the API, from its files, with the same answers."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from app.approved import FEATURE_CODE
from app.model import ServedModel, UnusableModelError, load
from app.registry import ModelVersion
from app.rest import RegistryError
from training import features
from training.data import Dataset, published_split
from training.generate import generate, generate_classes
from training.models import pyfunc, recipes, store
from training.models.interface import Model, Part
from training.models.network import Network

HOUSING, CLASSES = generate(1_000), generate_classes(1_000)
SPLIT = published_split(1_000)
VERSION = ModelVersion("some-model", "3", "run3", "mlflow-artifacts:/3")
NAMES = [name for name in recipes.RECIPES if name != "keras"]


class FakeRegistry:
    """A registry whose one version is a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str) -> bytes:
        path = self.folder / name
        if not path.is_file():
            message = f"there is no {name}"
            raise RegistryError(message)
        return path.read_bytes()


def data_of(name: str) -> Dataset:
    return HOUSING if recipes.RECIPES[name].problem is HOUSING.problem else CLASSES


def saved(name: str, folder: Path) -> Model:
    recipe, data = recipes.RECIPES[name], data_of(name)
    train, validation = Part.of(data, SPLIT.train), Part.of(data, SPLIT.validation)
    model = recipe.fit(train, validation, recipe.profiles["default"], 0)
    store.save(model, recipe.problem, data.features[:3], folder)
    return model


def served(folder: Path) -> ServedModel:
    return load(FakeRegistry(folder), VERSION)


@pytest.mark.parametrize("name", NAMES)
def test_served_predictions_are_those_of_training(name, tmp_path):
    """The API answers what the model predicts in training, with its columns."""
    model, data = saved(name, tmp_path), data_of(name)
    answering, rows = served(tmp_path), data.features[SPLIT.test]
    assert answering.predict(rows) == model.predict(rows).tolist()
    assert answering.schema.names == data.problem.column_names
    assert answering.schema.example_row == tuple(data.features[0])


def test_mlflow_opens_it_too(tmp_path):
    """MLflow's generic loader hands over a data frame and gets the same predictions."""
    model = saved("xgboost-geo", tmp_path)
    rows = HOUSING.features[SPLIT.test]
    frame = pd.DataFrame(rows, columns=HOUSING.problem.column_names)
    opened = pyfunc._load_pyfunc(str(tmp_path))
    assert np.array_equal(opened.predict(frame), model.predict(rows))


def test_classes_are_whole_numbers(tmp_path):
    """The classifier answers 0 and 1, not 0.0 and 1.0."""
    saved("logistic", tmp_path)
    answer = served(tmp_path).predict(np.array([[1.0, 10.0], [9.0, 90.0]]))
    assert answer == [0, 1]
    assert all(type(value) is int for value in answer)


def test_network_is_served_without_keras(tmp_path):
    """Layers of plain matrices give in the API what they give in training."""
    rng = np.random.default_rng(0)
    shapes = [(8, 16), (16, 8), (8, 1)]
    matrices = tuple(rng.normal(size=shape) for shape in shapes)
    offsets = tuple(rng.normal(size=shape[1]) for shape in shapes)
    network = Network(matrices, offsets, (-5.0, 5.0))
    store.save(network, HOUSING.problem, HOUSING.features[:3], tmp_path)
    rows = HOUSING.features[SPLIT.test]
    assert served(tmp_path).predict(rows) == network.predict(rows).tolist()
    assert np.array_equal(store.load(tmp_path).predict(rows), network.predict(rows))


def test_feature_code_of_now_is_approved():
    """Whoever changes training/features.py adds its hash to app/approved.py."""
    digest = hashlib.sha256(Path(features.__file__).read_bytes()).hexdigest()
    assert digest in FEATURE_CODE, f"add {digest} to app/approved.py"


def test_feature_code_that_nobody_approved_is_not_run(tmp_path):
    """Code that was changed in the artifact store is refused before its first line runs."""
    saved("xgboost-geo", tmp_path)
    told = tmp_path / "it-ran"
    code = tmp_path / "features.py"
    code.write_text(f"open({str(told)!r}, 'w')\n" + code.read_text())
    with pytest.raises(UnusableModelError, match="is not approved: read it, and add the hash"):
        served(tmp_path)
    assert not told.exists()


def test_feature_code_needs_nothing_of_this_project(tmp_path):
    """The file that travels runs alone: from a folder in which there is nothing else."""
    (tmp_path / "alone.py").write_bytes(Path(features.__file__).read_bytes())
    command = [sys.executable, "-I", "-c", "import sys; sys.path.insert(0, '.'); import alone"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "oracle"}, "of kind 'oracle'; this service knows xgboost, linear, network"),
        (
            {"probe": {"rows": HOUSING.features[:1].tolist(), "predictions": [9.0]}},
            r"9\.0.* logged",
        ),
        ({"columns": [{"name": "MedInc"}]}, "cannot be served"),
    ],
)
def test_model_that_is_not_as_it_says_is_refused(changed, message, tmp_path):
    """An unknown kind, other predictions, or a broken description: refused with the reason."""
    saved("linear", tmp_path)
    manifest = tmp_path / store.MANIFEST
    metadata = yaml.safe_load(manifest.read_text())["metadata"]
    manifest.write_text(yaml.safe_dump({"metadata": {**metadata, **changed}}))
    with pytest.raises(UnusableModelError, match=message):
        served(tmp_path)


def test_file_out_of_reach_is_no_damaged_model(tmp_path):
    """When a file cannot be fetched the model is tried again later, not refused for ever."""
    saved("xgboost-geo", tmp_path)
    (tmp_path / "neighbours.npz").unlink()
    with pytest.raises(RegistryError, match=r"there is no neighbours\.npz"):
        served(tmp_path)
