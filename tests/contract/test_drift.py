"""Drift from a real registry: what training stored is measured against, the report is stored."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from app.database.connection import Database
from app.database.migrate import migrate
from app.database.predictions import store
from app.loop_metrics import DRIFT_PSI, DRIFT_REPORT, DRIFTED_FEATURES
from monitoring.retrainer.reports import EXPERIMENT
from monitoring.retrainer.watch import Watch
from tests.monitoring.retrainer.shelf import MODEL, requests
from training.data import read_housing
from training.storage import locate

pytestmark = pytest.mark.e2e

PATIENCE_S = 120


@pytest.fixture(scope="module")
def rows(mlflow, houses) -> np.ndarray:
    """The rows that a champion was trained and tested on."""
    done = mlflow.train("--unless-champion", HOUSING_CSV=str(houses))
    assert done.returncode == 0, done.stderr
    return read_housing(locate(str(houses))).features


@pytest.fixture
def database(tmp_path):
    url = f"sqlite:///{tmp_path}/service.db"
    migrate(url)
    found = Database(url)
    yield found
    found.close()


def told(watch: Watch, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for key, value in sorted(sample.labels.items()) if key != "model"): sample.value
        for metric in watch.collect()
        for sample in metric.samples
        if sample.name == name
    }


def test_drift_is_measured_and_reported(mlflow, rows, database, caplog):
    """Rows as trained on are calm; others drift, and a run in MLflow shows in what."""
    watch = Watch(database, mlflow.uri)
    store(database, requests(rows[:500], np.linspace(0.5, 5.0, 500), 0.0))
    watch.step(time.time())
    assert told(watch, DRIFTED_FEATURES) == {(): 0}

    moved = rows[:500] * [1, 1, 1, 1, 1, 1, 1.02, 0.99]
    store(database, requests(moved, np.linspace(0.5, 5.0, 500), 1000.0))
    end = time.monotonic() + PATIENCE_S
    while not told(watch, DRIFT_REPORT):
        assert time.monotonic() < end
        watch.step(time.time())
        time.sleep(0.2)
    assert told(watch, DRIFTED_FEATURES) == {(): 2}
    assert caplog.records == []

    ((experiment_id, run_id),) = told(watch, DRIFT_REPORT)
    run = mlflow.run(run_id)
    assert run["status"] == "FINISHED"
    assert (run["tags"]["model"], run["tags"]["version"]) == (MODEL, "1")
    assert run["metrics"]["drifted_features"] == 2
    psi = told(watch, DRIFT_PSI)
    assert run["metrics"]["psi_Latitude"] == pytest.approx(psi["Latitude",])
    found = mlflow.get("experiments/get-by-name", experiment_name=EXPERIMENT)["experiment"]
    assert found["experiment_id"] == experiment_id
    path = urlsplit(mlflow.get("runs/get", run_id=run_id)["run"]["info"]["artifact_uri"]).path
    assert f"<h1>Drift of {MODEL}</h1>" in mlflow.artifact(f"{path}/drift.html").decode()
    watch.close()

    anew = Watch(database, mlflow.uri)
    anew.step(time.time())
    assert told(anew, DRIFT_REPORT) == {(experiment_id, run_id): 1}
    anew.close()


def test_a_model_without_a_champion_has_no_report(mlflow, tmp_path):
    """The command says in a sentence what is missing, and leaves no run."""
    environment = {"MLFLOW_TRACKING_URI": mlflow.uri, "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "monitoring.retrainer.report", "no-such-model"],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "No drift report of no-such-model: no version" in done.stderr
    assert "Traceback" not in done.stderr
