"""Fitting: that it learns from the features, the same every time, and never from the test part."""

import dataclasses

import numpy as np
import pytest

from training.data import Housing, published_split
from training.fit import fit
from training.generate import generate
from training.reference import reference_statistics

HOUSING = generate(3_000)
SPLIT = published_split(3_000)


def spread_of_test(housing: Housing) -> float:
    return float(np.std(housing.target[SPLIT.test]))


def test_model_learns_and_is_the_same_twice():
    """The fit explains most of the test part, and a second one gives identical predictions."""
    first, second = fit(HOUSING, SPLIT), fit(HOUSING, SPLIT)
    assert first.metrics["test_rmse"] < 0.6 * spread_of_test(HOUSING)
    rows = HOUSING.features[:50]
    assert np.array_equal(first.booster.inplace_predict(rows), second.booster.inplace_predict(rows))


def test_shuffled_training_labels_teach_nothing():
    """With shuffled labels the error is the spread of the test target: no label leaks."""
    target = HOUSING.target.copy()
    known = np.concatenate([SPLIT.train, SPLIT.validation])
    target[known] = np.random.default_rng(0).permutation(target[known])
    shuffled = dataclasses.replace(HOUSING, target=target)
    fitted = fit(shuffled, SPLIT)
    assert fitted.metrics["test_rmse"] == pytest.approx(spread_of_test(shuffled), rel=0.05)


def test_test_part_does_not_change_the_model():
    """Other test labels give the same booster: the test part is only measured."""
    target = HOUSING.target.copy()
    target[SPLIT.test] += 1.0
    rows = HOUSING.features[:50]
    plain, changed = fit(HOUSING, SPLIT), fit(dataclasses.replace(HOUSING, target=target), SPLIT)
    assert np.array_equal(
        plain.booster.inplace_predict(rows), changed.booster.inplace_predict(rows)
    )


def test_reference_has_eleven_rising_edges_a_column():
    """Each feature, the target and the prediction have decile edges from minimum to maximum."""
    found = reference_statistics(HOUSING.features, HOUSING.target, HOUSING.target)
    for edges in [*found["features"].values(), found["target"], found["prediction"]]:
        assert len(edges) == 11
        assert edges == sorted(edges)
    assert found["target"][0] == HOUSING.target.min()
