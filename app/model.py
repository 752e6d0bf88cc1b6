"""A model that is being served, and how it is loaded and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import yaml

from app.registry import ModelVersion, Registry
from app.schema import Schema

# XGBoost predicts in single precision: the same trees on another machine may differ by this.
PROBE_TOLERANCE = 1e-5


class UnusableModelError(Exception):
    """A registered version that must not be served; says what is wrong with it."""


class Predictor(Protocol):
    """What a served model must be able to do."""

    def inplace_predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Return one prediction a row."""
        ...


@dataclass(frozen=True)
class ServedModel:
    """A loaded version; never changed, only replaced as a whole."""

    name: str
    version: str
    run_id: str
    schema: Schema
    predictor: Predictor

    def predict(self, rows: npt.NDArray[np.float64]) -> list[float]:
        """Return one prediction a row, in the schema's target unit."""
        predictions: list[float] = self.predictor.inplace_predict(rows).tolist()
        return predictions


def load(registry: Registry, version: ModelVersion) -> ServedModel:
    """Fetch a version, load it with XGBoost alone, and check it on its own probe rows.

    Raises
    ------
    app.registry.RegistryError
        The files cannot be fetched.
    UnusableModelError
        They are damaged, incomplete, or predict something else than when they were logged.
    """
    described = registry.file(version, "MLmodel")
    data = registry.file(version, "model.ubj")
    try:
        metadata = yaml.safe_load(described)["metadata"]
        schema = Schema.from_metadata(metadata)
        predictor = _booster(data)
        probe = metadata["probe"]
        _check(predictor, probe["rows"], probe["predictions"])
    # Whatever a damaged file makes of these lines, it is one thing: not to be served.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"{version.name} version {version.version} cannot be served: {reason}"
        raise UnusableModelError(message) from error
    return ServedModel(version.name, version.version, version.run_id, schema, predictor)


class Champion:
    """The version that an alias names, as the follower wants it: asked for, then loaded."""

    def __init__(self, tracking_uri: str, name: str, alias: str) -> None:
        self._registry = Registry(tracking_uri)
        self._name, self._alias = name, alias

    def current(self) -> ModelVersion:
        """Return the version that the alias names; raises as `Registry.version_by_alias`."""
        return self._registry.version_by_alias(self._name, self._alias)

    def load(self, version: ModelVersion) -> ServedModel:
        """Fetch and check a version; raises as `load`."""
        return load(self._registry, version)


def _booster(data: bytes) -> Predictor:
    # Imported here, in the background: the server listens before this second is over.
    import xgboost as xgb  # noqa: PLC0415

    booster: Any = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(data))
    booster.set_param({"nthread": 1})
    loaded: Predictor = booster
    return loaded


def _check(
    predictor: Predictor, rows: Sequence[Sequence[float]], expected: Sequence[float]
) -> None:
    predicted = predictor.inplace_predict(np.array(rows, dtype=np.float64))
    if not np.allclose(predicted, expected, rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE):
        message = f"it predicts {predicted.tolist()} where {list(expected)} was logged"
        raise ValueError(message)
