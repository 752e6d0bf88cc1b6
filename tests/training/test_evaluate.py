"""Figures of predictions against the truth, and how far they can be relied on."""

import numpy as np
import pytest

from training.evaluate import highest_rmse


def test_the_highest_rmse_allows_for_few_rows():
    """In 95 of 100 samples it is over the true one; with many rows it comes down to it."""
    rng = np.random.default_rng(0)

    def highest(rows):
        return highest_rmse(rng.normal(0.0, 2.0, rows), np.zeros(rows))

    over = np.mean([highest(400) > 2.0 for _ in range(500)])
    assert 0.9 < over < 0.98
    assert highest(100_000) == pytest.approx(2.0, rel=0.02)


def test_the_highest_rmse_of_no_error_is_none():
    """A model that was right each time is not given an error."""
    assert highest_rmse(np.ones(5), np.ones(5)) == 0.0
