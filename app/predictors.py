"""Makes a predictor from a model's files: one function for each kind of model.

Nothing is unpickled: boosters are XGBoost's UBJSON, weights JSON or plain numpy arrays; the one
file that is executed is feature code that `app.approved` names.
"""

import hashlib
import io
import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from app.approved import FEATURE_CODE
from app.engines import Files, Floats, engine


class Predictor(Protocol):
    """What a served model must be able to do."""

    def predict(self, rows: Floats) -> Floats:
        """Return one prediction a row; rows are (rows, columns) of the model's schema."""
        ...


def predictor(metadata: Mapping[str, Any], files: Files) -> Predictor:
    """Return the predictor that a model's metadata describes.

    Raises
    ------
    ValueError
        Its kind is not known here, or its feature code is not approved.
    """
    # The first versions had no kind: they were boosters.
    kind = metadata.get("kind", "xgboost")
    if kind not in KINDS:
        message = f"it is of kind {kind!r}; this service knows {', '.join(KINDS)}"
        raise ValueError(message)
    return KINDS[kind](metadata, files)


@dataclass(frozen=True)
class _Bounded:
    """Keeps predictions within the lowest and highest target that the model was fitted on."""

    raw: Callable[[Floats], npt.NDArray[np.floating[Any]]]
    low: float
    high: float

    def predict(self, rows: Floats) -> Floats:
        # Not np.clip: its checks take longer than both of these.
        found: Floats = np.minimum(np.maximum(self.raw(rows), self.low, dtype=float), self.high)
        return found


@dataclass(frozen=True)
class _Classes:
    """Says class 1 where the weighted sum is above zero: there its probability passes a half."""

    total: Callable[[Floats], Floats]

    def predict(self, rows: Floats) -> Floats:
        return (self.total(rows) > 0).astype(np.float64)


def _xgboost(metadata: Mapping[str, Any], files: Files) -> Predictor:
    trees = engine(metadata, files)
    low, high = metadata.get("bounds") or (-np.inf, np.inf)
    described = metadata.get("features")
    if described is None:
        return _Bounded(trees, low, high)
    features = feature_code(files(described["code"]), files(described["rows"]))
    return _Bounded(lambda rows: trees(features.transform(rows)), low, high)


def _linear(metadata: Mapping[str, Any], files: Files) -> Predictor:
    saved = json.loads(files("model.json"))
    weights, intercept = np.array(saved["weights"], dtype=np.float64), float(saved["intercept"])

    def total(rows: Floats) -> Floats:
        found: Floats = rows @ weights + intercept
        return found

    if metadata.get("classes"):
        return _Classes(total)
    return _Bounded(total, *metadata["bounds"])


def _network(metadata: Mapping[str, Any], files: Files) -> Predictor:
    with np.load(io.BytesIO(files("weights.npz")), allow_pickle=False) as saved:
        layers = [
            (saved[f"matrix_{at}"], saved[f"offset_{at}"]) for at in range(metadata["layers"])
        ]

    def output(rows: Floats) -> Floats:
        (matrix, offset), *deeper = layers
        values = rows @ matrix + offset
        for matrix, offset in deeper:
            values = np.maximum(values, 0.0) @ matrix + offset
        found: Floats = values[:, 0]
        return found

    return _Bounded(output, *metadata["bounds"])


KINDS: dict[str, Callable[[Mapping[str, Any], Files], Predictor]] = {
    "xgboost": _xgboost,
    "linear": _linear,
    "network": _network,
}


def feature_code(code: bytes, rows: bytes) -> Any:  # noqa: ANN401 - what the code's `load` returns
    """Return what makes a model's features, if its code is approved; else raises ValueError."""
    digest = hashlib.sha256(code).hexdigest()
    if digest not in FEATURE_CODE:
        message = (
            f"its feature code (sha256 {digest}) is not approved: read it, and add the hash to "
            "app/approved.py"
        )
        raise ValueError(message)
    module = types.ModuleType("features_of_the_model")
    exec(compile(code, "features.py of the model", "exec"), module.__dict__)  # noqa: S102 - approved
    return module.load(io.BytesIO(rows))
