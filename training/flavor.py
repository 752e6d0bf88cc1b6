"""Writes a fitted model as MLflow wants one: what `mlflow.models.Model.log` calls."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import numpy.typing as npt
from mlflow.models import Model as MlflowModel
from mlflow.models import infer_signature
from mlflow.models.utils import _save_example as save_example

from training.champion import SEEN_FILE
from training.data import Floats
from training.models import pyfunc, store
from training.models.interface import Model
from training.reference import REFERENCE_FILE, reference_of
from training.rows import ROWS_FILE, TrainingRows
from training.schema import Problem

REQUIREMENTS = ("numpy", "scipy", "xgboost-cpu", "pyyaml")
NAME = "model"


@dataclass(frozen=True)
class Artifact:
    """A model with all that travels with it into the registry.

    Parameters
    ----------
    probe
        (rows, columns), a few rows of the data; the first is the input example.
    seen
        (rows,), the marks of the rows that were trained on: see `training.gate.row_marks`.
    rows
        The training rows: a server counts its own rows in their deciles.
    test_rmse, baseline_rmse
        On the test rows; and what a server's live RMSE is compared with, which allows for there
        being few of them.
    """

    model: Model
    problem: Problem
    probe: Floats
    seen: npt.NDArray[np.uint64]
    rows: TrainingRows
    test_rmse: float | None = None
    baseline_rmse: float | None = None

    def log(self, run_id: str) -> Any:  # noqa: ANN401 - MLflow's ModelInfo
        """Write it to the run; it is in the registry only once a version names it."""
        return MlflowModel.log(
            artifact_path=None,
            name=NAME,
            flavor=self,
            flavor_name=self.model.kind,
            run_id=run_id,
            # Or MLflow loads the model and predicts, to see whether it can.
            validate_serving_input=False,
        )

    def save_model(self, path: str, mlflow_model: MlflowModel, **_options: object) -> None:
        """Write the folder; called by `Model.log`."""
        folder = Path(path)
        folder.mkdir(parents=True)
        described = store.save(self.model, self.problem, self.probe, folder)
        (folder / REFERENCE_FILE).write_text(json.dumps(reference_of(self.rows)))
        (folder / ROWS_FILE).write_bytes(self.rows.sampled().to_bytes())
        mlflow_model.metadata = {**described, "reference": REFERENCE_FILE}
        if self.test_rmse is not None:
            mlflow_model.metadata["test_rmse"] = self.test_rmse
        if self.baseline_rmse is not None:
            mlflow_model.metadata["baseline_rmse"] = self.baseline_rmse
        np.save(folder / SEEN_FILE, self.seen, allow_pickle=False)
        example = dict(zip(self.problem.column_names, self.probe[0].tolist(), strict=True))
        mlflow_model.signature = infer_signature([example], self.model.predict(self.probe))
        save_example(mlflow_model, {name: [value] for name, value in example.items()}, path)
        mlflow.pyfunc.add_to_model(mlflow_model, loader_module=pyfunc.__name__)
        pinned = [f"{name}=={version(name)}\n" for name in REQUIREMENTS]
        (folder / "requirements.txt").write_text("".join(pinned))
        mlflow_model.metadata = {**mlflow_model.metadata, "files": _hashes(folder)}
        mlflow_model.save(str(folder / store.MANIFEST))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file but the manifest, which is to hold them."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != store.MANIFEST
    }
