"""Errors by segment: where the model is good and where not."""

import itertools
from dataclasses import dataclass

import numpy as np

from training.data import Floats
from training.evaluate import rmse
from training.schema import Problem

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Segment:
    """Some test rows that have something in common, and how far off the predictions are there.

    `bias` is the mean of prediction minus truth: above 0 the model says too much.
    """

    column: str
    low: float
    high: float
    rows: int
    rmse: float
    bias: float


def segments(problem: Problem, rows: Floats, true: Floats, predicted: Floats) -> list[Segment]:
    """Return the quarters of each column and of the true value, with their errors."""
    columns = [*zip(problem.column_names, rows.T, strict=True), (problem.target.name, true)]
    return [
        segment for name, values in columns for segment in _quarters(name, values, true, predicted)
    ]


def _quarters(name: str, values: Floats, true: Floats, predicted: Floats) -> list[Segment]:
    # A column of few values has fewer quarters; a column of one value has none.
    edges = np.unique(np.quantile(values, QUARTERS))
    found = []
    for low, high in itertools.pairwise(edges):
        inside = (values >= low) & ((values < high) | ((values == high) & (high == edges[-1])))
        if inside.any():
            bias = float(np.mean(predicted[inside] - true[inside]))
            error = rmse(true[inside], predicted[inside])
            found.append(Segment(name, float(low), float(high), int(inside.sum()), error, bias))
    return found
