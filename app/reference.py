"""The deciles of the rows that a model was trained on: bins to count the served rows in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.schema import Floats

EDGES = 11
BINS = EDGES - 1


@dataclass(frozen=True)
class Reference:
    """For each column, and for the predictions, the nine inner edges of ten bins.

    The first bin takes all that is below, the last all that is above: a value equal to an edge
    belongs to the bin over it.
    """

    columns: tuple[Floats, ...]
    prediction: Floats

    @classmethod
    def from_json(cls, text: bytes, names: Sequence[str]) -> "Reference":
        """Read a model's `reference.json`.

        Raises
        ------
        ValueError
            It lacks a column, or has another number of edges.
        """
        found = json.loads(text)
        missing = [name for name in names if name not in found["features"]]
        if missing:
            message = f"its reference statistics lack {', '.join(missing)}"
            raise ValueError(message)
        columns = tuple(_inner(found["features"][name]) for name in names)
        return cls(columns, _inner(found["prediction"]))


def bin_rows(values: Floats, inner: Floats) -> list[int]:
    """Return how many values, (rows,), lie in each of the ten bins."""
    found = np.searchsorted(inner, values, side="right")
    counts: list[int] = np.bincount(found, minlength=BINS).tolist()
    return counts


def _inner(edges: Any) -> Floats:  # noqa: ANN401 - whatever the file holds
    found = np.array(edges, dtype=np.float64)
    if found.shape != (EDGES,):
        message = f"its reference statistics have {found.size} edges where {EDGES} belong"
        raise ValueError(message)
    return found[1:-1]
