"""Fetches the champion from the registry and opens it, checked on its own probe rows."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from training.errors import TrainingError
from training.models import store
from training.models.interface import Model
from training.schema import Column
from training.storage import reason
from training.tracking import CHAMPION

# XGBoost predicts in single precision: the same trees on another machine may differ by this.
PROBE_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Champion:
    """A registered model that is ready to predict, with what its rows must look like."""

    name: str
    version: str
    columns: tuple[Column, ...]
    model: Model


def fetch(name: str, folder: Path) -> Champion:
    """Download the version that the alias `champion` names into a folder, and open it.

    Raises
    ------
    TrainingError
        There is none, the registry fails, or the files are not what was registered.
    """
    # Imported here: four seconds that a mistyped path need not wait for.
    import mlflow  # noqa: PLC0415
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        version = mlflow.MlflowClient().get_model_version_by_alias(name, CHAMPION)
        mlflow.artifacts.download_artifacts(artifact_uri=version.source, dst_path=str(folder))
    except MlflowException as error:
        message = (
            f"model {name}: no champion to be had from {os.environ['MLFLOW_TRACKING_URI']}: "
            f"{reason(error)}"
        )
        raise TrainingError(message) from error
    return opened(name, str(version.version), _model_folder(folder))


def opened(name: str, version: str, folder: Path) -> Champion:
    """Open a downloaded model, and check that it predicts what it did when it was registered.

    Raises
    ------
    TrainingError
        It does not, or its files are damaged.
    """
    model = store.load(folder)
    metadata: Mapping[str, Any] = yaml.safe_load((folder / store.MANIFEST).read_text())["metadata"]
    probe = metadata["probe"]
    predicted = model.predict(np.array(probe["rows"], dtype=np.float64))
    if not np.allclose(predicted, probe["predictions"], rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE):
        message = (
            f"{name} version {version} predicts {predicted.tolist()} where "
            f"{probe['predictions']} was registered: it is not used"
        )
        raise TrainingError(message)
    columns = tuple(Column(**column) for column in metadata["columns"])
    return Champion(name, version, columns, model)


def _model_folder(folder: Path) -> Path:
    """Return where the files are: the client may put them into a folder of the source's name."""
    return next((path.parent for path in folder.rglob(store.MANIFEST)), folder)
