"""Explains predictions: what each input adds to, or takes from, a model's base value.

The values are SHAP's. XGBoost computes them for its own trees; those of a weighted sum are exact
by arithmetic. Nothing is loaded before the first question: XGBoost is a second and 60 MB, and
predictions may be made by another engine.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from app.engines import BOOSTER_FILE, Files, Floats, opened_booster
from app.explain.drivers import shares
from app.predictors import feature_code

MEDIAN = 5
"""The middle of eleven edges of deciles."""


@dataclass(frozen=True)
class Contributions:
    """What each driver adds to the base value: the sum of both is what the model computes.

    Parameters
    ----------
    drivers
        The input columns, and what else people understand.
    base
        What the model says when it knows nothing, in `unit`.
    values
        (rows, drivers), in `unit`.
    unit
        The target's unit, or `log-odds` for classes.
    """

    drivers: tuple[str, ...]
    base: float
    values: Floats
    unit: str


class Explainer(Protocol):
    """What a served model offers when its predictions can be explained."""

    def contributions(self, rows: Floats) -> Contributions:
        """Explain each row; rows are (rows, columns) of the model's schema."""
        ...


def explainer(metadata: Mapping[str, Any], files: Files) -> Explainer | None:
    """Return the explainer of the model that this metadata describes; None: there is none."""
    make = _KINDS.get(metadata.get("kind", "xgboost"))
    return None if make is None else _AtFirstUse(lambda: make(metadata, files))


class _AtFirstUse:
    """Makes an explainer when the first question comes, once."""

    def __init__(self, make: Callable[[], Explainer]) -> None:
        self._make = make
        self._made: Explainer | None = None
        self._lock = threading.Lock()

    def contributions(self, rows: Floats) -> Contributions:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return self._made.contributions(rows)


@dataclass(frozen=True)
class _Trees:
    """The SHAP values of a booster; those of its features are shared among the drivers."""

    contribute: Callable[[Floats], Floats]
    """Rows to (rows, features + 1): the last is the base value."""
    drivers: tuple[str, ...]
    share: Floats
    """(features, drivers): each row sums to 1, so nothing is lost."""
    unit: str

    def contributions(self, rows: Floats) -> Contributions:
        found = self.contribute(rows)
        return Contributions(
            self.drivers, float(found[0, -1]), found[:, :-1] @ self.share, self.unit
        )


@dataclass(frozen=True)
class _WeightedSum:
    """The SHAP values of a weighted sum: weight times distance from a typical row."""

    weights: Floats
    intercept: float
    typical: Floats
    names: tuple[str, ...]
    unit: str

    def contributions(self, rows: Floats) -> Contributions:
        base = float(self.typical @ self.weights + self.intercept)
        return Contributions(self.names, base, (rows - self.typical) * self.weights, self.unit)


def _xgboost(metadata: Mapping[str, Any], files: Files) -> Explainer:
    import xgboost as xgb  # noqa: PLC0415 - see the module's docstring

    booster = opened_booster(files(BOOSTER_FILE))
    columns = _columns(metadata)
    # The first versions had no names: they were fitted on the columns.
    names = booster.feature_names = list(booster.feature_names or columns)
    described = metadata.get("features")
    inputs = None
    if described is not None:
        inputs = feature_code(files(described["code"]), files(described["rows"])).transform

    def contribute(rows: Floats) -> Floats:
        seen = rows if inputs is None else inputs(rows)
        matrix = xgb.DMatrix(seen, feature_names=names, nthread=1)
        return np.asarray(booster.predict(matrix, pred_contribs=True), dtype=np.float64)

    drivers, share = shares(names, columns)
    return _Trees(contribute, drivers, share, str(metadata["target"]["unit"]))


def _linear(metadata: Mapping[str, Any], files: Files) -> Explainer:
    saved = json.loads(files("model.json"))
    weights = np.array(saved["weights"], dtype=np.float64)
    columns = _columns(metadata)
    if "reference" in metadata:
        deciles = json.loads(files(metadata["reference"]))["features"]
        typical = np.array([deciles[name][MEDIAN] for name in columns], dtype=np.float64)
    else:
        # Trained before the deciles travelled with the model: its example rows stand in for them.
        typical = np.array(metadata["probe"]["rows"], dtype=np.float64).mean(axis=0)
    unit = "log-odds" if metadata.get("classes") else str(metadata["target"]["unit"])
    return _WeightedSum(weights, float(saved["intercept"]), typical, columns, unit)


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Files], Explainer]] = {
    "xgboost": _xgboost,
    "linear": _linear,
}
"""The kinds that can be explained; a network's inputs have no shares that add up."""


def _columns(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    columns: Sequence[Mapping[str, Any]] = metadata["columns"]
    return tuple(str(column["name"]) for column in columns)
