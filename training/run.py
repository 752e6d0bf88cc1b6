"""One training as an MLflow run: opened, tagged, and closed with the reason when it fails."""

import importlib.metadata
import logging
import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import mlflow
import psutil
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from training.data import Dataset
from training.errors import TrainingError
from training.sources import CHECKOUT

MADE_WITH = ("mlflow", "numpy", "optuna", "scikit-learn", "scipy", "xgboost-cpu")
PROCESS_TAG = "process"
FAILURE_TAG = "failure"
MOST_IN_A_BATCH = 1_000
MOST_POINTS = 200


@contextmanager
def run(experiment: str, tags: Mapping[str, str]) -> Iterator[str]:
    """Open an MLflow run and yield its id; a fault ends it FAILED, with the reason as a tag.

    Raises
    ------
    TrainingError
        MLflow is not reachable or refuses.
    """
    quiet()
    # A short training would be over before the first of MLflow's own ten seconds.
    mlflow.set_system_metrics_sampling_interval(1)
    own = {**tags, PROCESS_TAG: _process_name(os.getpid())}
    try:
        found = mlflow.set_experiment(experiment)
        _close_abandoned(MlflowClient(), found.experiment_id)
        with mlflow.start_run(tags=own, log_system_metrics=True) as opened:
            try:
                yield str(opened.info.run_id)
            except BaseException as error:
                with suppress(MlflowException):
                    mlflow.set_tag(FAILURE_TAG, f"{type(error).__name__}: {error}"[:500])
                raise
    # Of uploads the client hands on what its HTTP library raises, which is an OSError.
    except (MlflowException, OSError) as error:
        message = f"MLflow at {mlflow.get_tracking_uri()} failed: {first_line(error)}"
        raise TrainingError(message) from error


@contextmanager
def nested(name: str) -> Iterator[str]:
    """Open a run below the one that is open, and yield its id."""
    tags = {PROCESS_TAG: _process_name(os.getpid())}
    with mlflow.start_run(run_name=name, nested=True, tags=tags) as opened:
        yield str(opened.info.run_id)


def log_curves(run_id: str, curves: Mapping[str, list[float]]) -> None:
    """Log each curve by round, in as few requests as there can be, and no finer than the eye."""
    points = [
        mlflow.entities.Metric(name, curve[step], 0, step)
        for name, curve in curves.items()
        for step in _steps(len(curve))
    ]
    client = MlflowClient()
    for start in range(0, len(points), MOST_IN_A_BATCH):
        client.log_batch(run_id, metrics=points[start : start + MOST_IN_A_BATCH])


def data_tags(data: Dataset) -> dict[str, str]:
    """Return the tags that say what the run was trained on and by which code."""
    return {
        "dataset": data.dataset,
        "data_hash": data.content_hash(),
        "data_source": data.source,
        "git_commit": git_commit(),
    }


def environment() -> dict[str, Any]:
    """Return the machine and the versions that a figure was measured with."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": psutil.virtual_memory().total // 1_000_000,
        "packages": {name: importlib.metadata.version(name) for name in MADE_WITH},
    }


def git_commit() -> str:
    """Return the code's commit; an image has no repository and says it by GIT_COMMIT."""
    if given := os.environ.get("GIT_COMMIT"):
        return given
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(CHECKOUT), "rev-parse", "--verify", "-q", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    return found.stdout.strip() or "unknown"


def first_line(error: Exception) -> str:
    """Return what an error says, without what only its developers can use."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def quiet() -> None:
    """Let MLflow keep its own lines to itself: that there is no pip, that a run has an address."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def _steps(rounds: int) -> list[int]:
    stride = -(-rounds // MOST_POINTS)
    # The last point is the one that people look for.
    return sorted({*range(0, rounds, stride or 1), rounds - 1}) if rounds else []


def _process_name(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}"


def _close_abandoned(client: MlflowClient, experiment_id: str) -> None:
    """End the runs of processes of this machine that were killed: they would run for ever."""
    running = client.search_runs([experiment_id], "attributes.status = 'RUNNING'")
    for found in running:
        host, _, pid = found.data.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname() and not psutil.pid_exists(int(pid)):
            client.set_tag(found.info.run_id, FAILURE_TAG, f"its process {pid} was killed")
            client.set_terminated(found.info.run_id, "KILLED")
