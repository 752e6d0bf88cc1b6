"""Small stand-ins for the served model and for what follows it."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.follower import UnknownModelError, Went
from app.model import ServedModel
from app.models import Followed
from app.registry import ModelVersion
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


@dataclass
class FakeChampion:
    """A champion that is what the test says."""

    default: ServedModel | None = MODEL
    problem: str | None = None
    woken: int = 0
    back_to: ServedModel | Exception = MODEL

    @property
    def followed(self) -> Sequence[Followed]:
        version = ModelVersion("california-housing", "7", "run7", "mlflow-artifacts:/7")
        return (Followed(version.name, version, self.default, 3_000_000, self.problem),)

    @property
    def names(self) -> tuple[str, ...]:
        return () if self.default is None else (self.default.name,)

    def named(self, name: str) -> ServedModel | None:
        return self.default if self.default and self.default.name == name else None

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        known = self.default and set(self.default.schema.names) == set(names)
        return self.default if known else None

    def wake(self) -> None:
        self.woken += 1

    def back(self, name: str) -> Went:
        if isinstance(self.back_to, Exception):
            raise self.back_to
        if name != "california-housing":
            message = f"no model {name} is followed"
            raise UnknownModelError(message)
        return Went(self.back_to, "8")


@dataclass
class SavedModel:
    """The files of a model that multiplies its one column, as training would write them."""

    factor: float = 2.0
    column: str = "x"
    padding: int = 0
    changed: dict[str, object] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        weights = json.dumps(
            {"weights": [self.factor], "intercept": 0.0, "pad": " " * self.padding}
        )
        metadata = {
            "kind": "linear",
            "bounds": [-1e9, 1e9],
            "columns": [{"name": self.column, "low": 0.0, "high": 10.0, "unit": "m"}],
            "target": {"name": "y", "unit": "EUR"},
            "probe": {"rows": [[1.0], [2.0]], "predictions": [self.factor, 2 * self.factor]},
            "files": {"model.json": self.digest(weights.encode())},
            **self.changed,
        }
        # JSON is YAML too.
        return {
            "MLmodel": json.dumps({"metadata": metadata}).encode(),
            "model.json": weights.encode(),
        }

    @staticmethod
    def digest(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()
