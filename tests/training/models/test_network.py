"""The network: what is there without Keras, and with it that the model learns and is saved."""

import sys

import numpy as np
import pytest

from training.data import published_split
from training.errors import TrainingError
from training.evaluate import rmse
from training.generate import generate
from training.models import recipes, store
from training.models.interface import Part
from training.models.network import Network

HOUSING = generate(3_000)
SPLIT = published_split(3_000)
RECIPE = recipes.RECIPES["keras"]
QUICK = {**RECIPE.profiles["default"], "most_epochs": 12, "batch_rows": 64, "widths": (32, 16)}


def fitted() -> Network:
    train, validation = Part.of(HOUSING, SPLIT.train), Part.of(HOUSING, SPLIT.validation)
    found = RECIPE.fit(train, validation, QUICK, 0)
    assert isinstance(found, Network)
    return found


def test_without_keras_the_error_says_what_to_install(monkeypatch):
    """Where the extra is missing there is a sentence and no ImportError."""
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(
        TrainingError,
        match=r"needs Keras 3 and a backend.*uv pip install --python .venv --group keras",
    ):
        fitted()


def test_hidden_layers_are_rectified_and_the_output_is_bounded():
    """A network small enough to compute by hand gives what was computed."""
    matrices = (np.array([[1.0, -1.0]]), np.array([[2.0], [3.0]]))
    offsets = (np.array([0.0, 1.0]), np.array([0.5]))
    network = Network(matrices, offsets, (0.0, 5.0))
    # 1 -> (1, 0) -> 2.5; -1 -> (0, 2) -> 6.5, beyond the bound.
    assert network.predict(np.array([[1.0], [-1.0]])).tolist() == [2.5, 5.0]


# Keras's own arrays, under a numpy newer than it.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_keras_learns_is_the_same_twice_and_is_saved_whole(tmp_path):
    """The network explains most of the test part, repeats, and opens without Keras."""
    pytest.importorskip("keras")
    first, second = fitted(), fitted()
    test = Part.of(HOUSING, SPLIT.test)
    assert rmse(test.target, first.predict(test.rows)) < 0.75 * np.std(test.target)
    assert np.array_equal(first.predict(test.rows), second.predict(test.rows))
    assert len(first.history["validation_rmse"]) == 12
    store.save(first, RECIPE.problem, HOUSING.features[:3], tmp_path)
    assert np.array_equal(store.load(tmp_path).predict(test.rows), first.predict(test.rows))
