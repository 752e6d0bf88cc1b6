"""What every model can do: be fitted by its recipe, predict, be saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from training.data import Dataset, Floats, Rows
from training.schema import Problem

Params = Mapping[str, Any]

OnRound = Callable[[int, float], None]
"""Called after each round of fitting with its number and the validation loss; may raise to stop."""


@dataclass(frozen=True)
class Part:
    """Some rows of the data: (rows, columns) and (rows,)."""

    rows: Floats
    target: Floats

    @classmethod
    def of(cls, data: Dataset, rows: Rows) -> "Part":
        """Return the rows of these numbers."""
        return cls(data.features[rows], data.target[rows])


class Model(Protocol):
    """A fitted model."""

    @property
    def kind(self) -> str:
        """How its files are read: what `training.models.store` and the API decide by."""

    @property
    def history(self) -> Mapping[str, list[float]]:
        """Its curves: a loss for each round, by name; empty when it is fitted in one step."""

    @property
    def figures(self) -> Mapping[str, float]:
        """What its size is, as `trees`."""

    def predict(self, rows: Floats) -> Floats:
        """Return one prediction a row, (rows,); rows are (rows, columns) of the problem."""

    def save(self, folder: Path) -> dict[str, Any]:
        """Write its files; return what else a loader must know, as plain values."""


class Fit(Protocol):
    """Fits a model."""

    def __call__(
        self,
        train: Part,
        validation: Part,
        params: Params,
        seed: int,
        on_round: OnRound | None = None,
    ) -> Model:
        """Fit on `train`; `validation` only decides when to stop."""


@dataclass(frozen=True)
class Recipe:
    """A model before it is fitted: its name, its problem, how it is fitted and with what."""

    name: str
    problem: Problem
    fit: Fit
    profiles: Mapping[str, Params]
    """By profile: `default` is quick, `best` takes its time."""
