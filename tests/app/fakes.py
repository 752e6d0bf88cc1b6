"""Small stand-ins for the served model and for what follows it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.journal import Prediction
from app.model import ServedModel
from app.schema import Column, Schema

SCHEMA = Schema(
    columns=(
        Column("MedInc", 0.1, 20.0, "median income in 10,000 USD"),
        Column("HouseAge", 0.0, 110.0, "years"),
        Column("AveRooms", 0.1, 200.0, "rooms per household"),
        Column("AveBedrms", 0.1, 60.0, "bedrooms per household"),
        Column("Population", 1.0, 100_000.0, "people"),
        Column("AveOccup", 0.1, 2_000.0, "people per household"),
        Column("Latitude", 32.0, 42.2, "degrees north"),
        Column("Longitude", -125.0, -114.0, "degrees east"),
    ),
    target_unit="100,000 USD",
    example_row=(8.3252, 41.0, 6.98, 1.02, 322.0, 2.55, 37.88, -122.23),
)


class SumOfRow:
    """Predicts the sum of each row."""

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return rows.sum(axis=1)


class Broken:
    """Fails on every row."""

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        message = f"secret inside view of {rows.shape}"
        raise RuntimeError(message)


MODEL = ServedModel("california-housing", "7", "run7", SCHEMA, SumOfRow())


class FakeJournal:
    """Keeps predictions in a list, as long as it has room."""

    def __init__(self, room: int = 100) -> None:
        self.kept: list[Prediction] = []
        self._room = room

    def record(self, prediction: Prediction) -> bool:
        if len(self.kept) >= self._room:
            return False
        self.kept.append(prediction)
        return True


@dataclass
class FakeChampion:
    """A champion that is what the test says."""

    default: ServedModel | None = MODEL
    problem: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return () if self.default is None else (self.default.name,)

    def named(self, name: str) -> ServedModel | None:
        return self.default if self.default and self.default.name == name else None

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        known = self.default and set(self.default.schema.names) == set(names)
        return self.default if known else None
