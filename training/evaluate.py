"""Measures predictions against the truth."""

import math

import numpy as np

from training.data import Floats
from training.schema import Problem

ONE_SIDED_95 = 1.645
"""Standard errors, of the normal distribution."""


def rmse(true: Floats, predicted: Floats) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((true - predicted) ** 2)))


def highest_rmse(true: Floats, predicted: Floats) -> float:
    """Return what the RMSE is below with 95 % confidence, by its rows' normal approximation.

    Of some hundred rows the RMSE itself is too uncertain for others to be alarmed by it.
    """
    squared = (true - predicted) ** 2
    error = float(np.std(squared)) / math.sqrt(len(squared))
    return math.sqrt(float(np.mean(squared)) + ONE_SIDED_95 * error)


def error_metrics(problem: Problem, true: Floats, predicted: Floats) -> dict[str, float]:
    """Return the figures of one part: for numbers RMSE, MAE and R squared, for classes accuracy.

    RMSE is there for both (of classes it is the root of the share of wrong ones), so that the
    gate compares any two models alike.
    """
    figures = {"rmse": rmse(true, predicted)}
    if problem.classes:
        return {**figures, "accuracy": float(np.mean(true == predicted))}
    squared = float(np.mean((true - predicted) ** 2))
    return {
        **figures,
        "mae": float(np.mean(np.abs(true - predicted))),
        "r2": 1.0 - squared / float(np.var(true)),
    }
