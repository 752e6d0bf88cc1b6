"""A real MLflow server with the models in its registry, for the service to follow."""

import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from benchmarks.scratch import free_ports
from benchmarks.serving.models import Models
from benchmarks.serving.running import started
from training import registry
from training.gate import Decision
from training.record import record
from training.run import quiet
from training.schema import HOUSING

NOT_YET = Decision(promote=False, rule="benchmark", reason="served in turn", figures={})


@dataclass(frozen=True)
class ModelRegistry:
    """The server's address, and the version of each model."""

    uri: str
    versions: Mapping[str, str]

    def serve(self, model: str) -> None:
        """Make a model the champion."""
        registry.move_champion(MlflowClient(self.uri), HOUSING.name, self.versions[model])


@contextmanager
def holding(models: Models, folder: Path) -> Iterator[ModelRegistry]:
    """Run an MLflow server in which each model is a version, as training registers it."""
    folder.mkdir()
    (port,) = free_ports(1)
    uri = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with started(command, variables, folder, lambda: _is_healthy(uri)):
        mlflow.set_tracking_uri(uri)
        os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
        quiet()
        yield ModelRegistry(uri, _register(models))


def _register(models: Models) -> dict[str, str]:
    """Register each model as training does; return its version by its name."""
    versions = {}
    for name, trained in models.trained.items():
        with mlflow.start_run() as run:
            logged = record(run.info.run_id, trained, models.data, {"dataset": models.data.dataset})
        versions[name] = registry.register(MlflowClient(), HOUSING.name, logged, NOT_YET, {})
    return versions


def _is_healthy(uri: str) -> bool:
    try:
        with urllib.request.urlopen(f"{uri}/health", timeout=5):
            return True
    except OSError:
        return False
