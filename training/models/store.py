"""Writes a fitted model as a folder of plain files, and opens such a folder again.

No file of it is executed to be read: boosters are XGBoost's UBJSON, weights JSON or numpy arrays.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from training.data import Floats
from training.errors import TrainingError
from training.models import boosted, linear, network
from training.models.interface import Model
from training.schema import Column, Problem

MANIFEST = "MLmodel"
# XGBoost predicts in single precision: the same trees on another machine may differ by this.
TOLERANCE = 1e-5
LOADERS: dict[str, Callable[[Path, Mapping[str, Any]], Model]] = {
    boosted.KIND: boosted.Boosted.load,
    linear.KIND: linear.Linear.load,
    network.KIND: network.Network.load,
}


def save(model: Model, problem: Problem, probe: Floats, folder: Path) -> dict[str, Any]:
    """Write the model's files, and return what its manifest must say beside them.

    That is its kind, its columns with units and plausible ranges, its target, and probe rows
    with the predictions that a server must get for them before it serves. MLflow keeps it as
    `metadata` of the MLmodel file.

    Parameters
    ----------
    probe
        (rows, columns), a few rows of the data; the first is the example.
    """
    described = model.save(folder)
    if "features" in described:
        code = (folder / described["features"]["code"]).read_bytes()
        described["features"]["sha256"] = hashlib.sha256(code).hexdigest()
    metadata = {
        "kind": model.kind,
        **described,
        "columns": [column.as_dict() for column in problem.columns],
        "target": problem.target.as_dict(),
        "classes": list(problem.classes),
        "probe": {"rows": probe.tolist(), "predictions": model.predict(probe).tolist()},
    }
    (folder / MANIFEST).write_text(yaml.safe_dump({"metadata": metadata}, sort_keys=False))
    return metadata


def load(folder: Path) -> Model:
    """Open the model in a folder: one that `save` wrote or one downloaded from the registry.

    Raises
    ------
    TrainingError
        Files are missing, damaged or of a kind that is not known here.
    """
    try:
        metadata = _manifest(folder)
        # The first versions had no kind: they were boosters.
        model = LOADERS[metadata.get("kind", boosted.KIND)](folder, metadata)
        _check(model, metadata["probe"])
    # Whatever a damaged file makes of these lines, it is one thing: not to be used.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        message = f"{folder}: cannot be opened as a model: {type(error).__name__}: {reason}"
        raise TrainingError(message) from error
    return model


def columns(folder: Path) -> tuple[Column, ...]:
    """Return the columns that the model in a folder reads, in their order."""
    return tuple(Column(**column) for column in _manifest(folder)["columns"])


def _check(model: Model, probe: Mapping[str, Any]) -> None:
    predicted = model.predict(np.array(probe["rows"], dtype=np.float64))
    if not np.allclose(predicted, probe["predictions"], rtol=TOLERANCE, atol=TOLERANCE):
        message = f"it predicts {predicted.tolist()} where {probe['predictions']} was logged"
        raise ValueError(message)


def _manifest(folder: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((folder / MANIFEST).read_text())["metadata"]
    return found
