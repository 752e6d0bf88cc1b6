"""The reference of drift: of all rows for fitting, or of those that are named."""

from types import SimpleNamespace

import numpy as np

from training.models.interface import Part
from training.reference import DECILES, reference_of, training_rows
from training.schema import TWO_FEATURES
from training.trained import Parts, Trained

RNG = np.random.default_rng(0)
TRAIN = Part(RNG.normal(size=(400, 2)), RNG.normal(size=400))
RECENT = np.arange(400) >= 300


def trained(reference_rows=None):
    model = SimpleNamespace(predict=lambda rows: rows.sum(axis=1))
    recipe = SimpleNamespace(problem=TWO_FEATURES)
    seen = np.empty(0, np.uint64)
    return Trained(recipe, {}, Parts(TRAIN, TRAIN, TRAIN), model, {}, seen, reference_rows)


def test_an_ordinary_training_refers_to_all_its_rows():
    """Deciles of every column, of the target and of the model's own predictions."""
    rows = training_rows(trained())
    found = reference_of(rows)
    assert rows.reference.all()
    assert found["rows"] == 400
    assert list(found["features"]) == ["feature1", "feature2"]
    assert found["features"]["feature2"] == np.quantile(TRAIN.rows[:, 1], DECILES).tolist()
    assert found["target"] == np.quantile(TRAIN.target, DECILES).tolist()
    assert found["prediction"] == np.quantile(TRAIN.rows.sum(axis=1), DECILES).tolist()


def test_of_old_and_recent_rows_the_named_ones_count():
    """A model of both is compared with the recent rows only, and keeps all of them."""
    rows = training_rows(trained(RECENT))
    found = reference_of(rows)
    assert len(rows.target) == 400
    assert np.array_equal(rows.reference, RECENT)
    assert found["rows"] == 100
    assert found["features"]["feature1"] == np.quantile(TRAIN.rows[RECENT, 0], DECILES).tolist()
    assert found["prediction"] == np.quantile(TRAIN.rows[RECENT].sum(axis=1), DECILES).tolist()
