"""What a model says about the rows that it takes: columns, units, ranges, an example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One input column; a value outside `low` .. `high` is a mistake of the caller's."""

    name: str
    low: float
    high: float
    unit: str


@dataclass(frozen=True)
class Schema:
    """The columns in the model's order, the unit of its answers, and a row that is valid."""

    columns: tuple[Column, ...]
    target_unit: str
    example_row: tuple[float, ...]
    classes: tuple[int, ...] = ()
    """The classes that it answers with; empty when it answers with a number."""

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> "Schema":
        """Read the schema that the model's artifact carries (`metadata` of its MLmodel file)."""
        return cls(
            columns=tuple(Column(**column) for column in metadata["columns"]),
            target_unit=str(metadata["target"]["unit"]),
            example_row=tuple(float(value) for value in metadata["probe"]["rows"][0]),
            classes=tuple(metadata.get("classes", ())),
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def low(self) -> Floats:
        """The lowest plausible value of each column."""
        return np.array([column.low for column in self.columns])

    @cached_property
    def high(self) -> Floats:
        """The highest plausible value of each column."""
        return np.array([column.high for column in self.columns])

    @property
    def example(self) -> dict[str, Sequence[Sequence[float]]]:
        """A body that this model answers."""
        return {"features": [self.example_row]}
