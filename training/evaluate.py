"""Measures predictions against the truth."""

import numpy as np

from training.data import Floats
from training.schema import Problem


def rmse(true: Floats, predicted: Floats) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((true - predicted) ** 2)))


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
