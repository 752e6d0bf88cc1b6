"""Records a trained model in MLflow: curves, figures, report, the model itself."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow

from training import run
from training.data import Dataset
from training.evaluate import highest_rmse
from training.flavor import Artifact
from training.reference import training_rows
from training.report.write import write_report
from training.trained import Trained

PROBE_ROWS = 5


def record(run_id: str, trained: Trained, data: Dataset, tags: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Log everything to the run; return what MLflow knows of the logged model.

    Nothing is registered by it: a fault in the middle leaves a failed run and no version.
    """
    run.log_curves(run_id, trained.model.history)
    mlflow.log_metrics(dict(trained.metrics))
    with tempfile.TemporaryDirectory() as folder:
        write_report(trained, tags, run.environment(), Path(folder))
        mlflow.log_artifacts(folder)
    probe = data.features[:PROBE_ROWS]
    problem, rows = trained.recipe.problem, training_rows(trained)
    test_rmse = trained.metrics.get("test_rmse")
    test = trained.parts.test
    baseline = highest_rmse(test.target, trained.model.predict(test.rows))
    artifact = Artifact(trained.model, problem, probe, trained.seen, rows, test_rmse, baseline)
    return artifact.log(run_id)
