"""A real MLflow server for the tests of this folder, and a small file of data."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.app.server import CHECKOUT, wait_for
from tests.ports import free_port
from tests.training.houses import csv, original
from training.data import Housing
from training.generate import generate


@dataclass(frozen=True)
class Mlflow:
    """A running server of the test's own."""

    uri: str
    folder: Path
    process: subprocess.Popen[bytes]

    def train(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the training as a service of the host would."""
        return self.command("train", *flags, **environment)

    def command(
        self, module: str, *flags: str, checkout: Path = CHECKOUT, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run an entry point of training against this server."""
        command = [sys.executable, "-m", f"training.{module}", "--json", *flags]
        # Tried again once, not three times: a test that breaks the server need not wait so long.
        patience = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
        given = {"MLFLOW_TRACKING_URI": self.uri, **patience, **environment}
        return subprocess.run(
            command,
            cwd=checkout,
            env=os.environ | given,
            capture_output=True,
            text=True,
            check=False,
        )

    def get(self, path: str, /, **query: str) -> Any:
        """Ask the REST API."""
        url = f"{self.uri}/api/2.0/mlflow/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, /, **fields: object) -> Any:
        """Ask the REST API with a body."""
        asked = urllib.request.Request(
            f"{self.uri}/api/2.0/mlflow/{path}",
            data=json.dumps(fields).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def register(self, name: str, files: Mapping[str, bytes], **tags: str) -> str:
        """Store a model's files as a run's artifact, and return the number of its version."""
        run = self.post("runs/create", experiment_id="0")["run"]["info"]
        path = urllib.parse.urlsplit(run["artifact_uri"]).path.lstrip("/") + "/model"
        for file, content in files.items():
            url = f"{self.uri}/api/2.0/mlflow-artifacts/artifacts/{path}/{file}"
            asked = urllib.request.Request(url, data=content, method="PUT")
            urllib.request.urlopen(asked, timeout=10).close()
        with suppress(urllib.error.HTTPError):
            self.post("registered-models/create", name=name)
        told = self.post(
            "model-versions/create",
            name=name,
            run_id=run["run_id"],
            source=f"{run['artifact_uri']}/model",
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
        return str(told["model_version"]["version"])

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias name a version."""
        self.post("registered-models/alias", name=name, alias=alias, version=version)

    def delete_alias(self, name: str, alias: str) -> None:
        """Let an alias name nothing."""
        asked = urllib.request.Request(
            f"{self.uri}/api/2.0/mlflow/registered-models/alias",
            data=json.dumps({"name": name, "alias": alias}).encode(),
            headers={"Content-Type": "application/json"},
            method="DELETE",
        )
        urllib.request.urlopen(asked, timeout=10).close()

    def artifact(self, path: str) -> bytes:
        """Return a stored file by its path below the artifacts' root."""
        url = f"{self.uri}/api/2.0/mlflow-artifacts/artifacts/{path.lstrip('/')}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run: its id and status, and its metrics, params and tags by name."""
        return _run(self.get("runs/get", run_id=run_id)["run"])

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs on housing, the newest first."""
        name = "california-housing"
        experiment = self.get("experiments/get-by-name", experiment_name=name)["experiment"]
        asked = {"experiment_ids": [experiment["experiment_id"]]}
        return [_run(found) for found in self.post("runs/search", **asked)["runs"]]

    def versions(self) -> dict[str, dict[str, str]]:
        """Return the tags of each registered version of any model, by its number."""
        found = self.get("model-versions/search").get("model_versions", [])
        return {v["version"]: {t["key"]: t["value"] for t in v["tags"]} for v in found}

    def aliases(self) -> dict[str, str]:
        """Return which version each alias of the housing model names."""
        model = self.get("registered-models/get", name="california-housing")["registered_model"]
        return {alias["alias"]: alias["version"] for alias in model.get("aliases", [])}


def _run(found: dict[str, Any]) -> dict[str, Any]:
    pairs = {
        kind: {pair["key"]: pair["value"] for pair in found["data"].get(kind, [])}
        for kind in ("metrics", "params", "tags")
    }
    return {"id": found["info"]["run_id"], "status": found["info"]["status"], **pairs}


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory) -> Iterator[Mlflow]:
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # Its webhooks may call this machine, and their secrets outlive the server.
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    server = Mlflow(f"http://127.0.0.1:{port}", folder, process)
    try:
        wait_for(f"{server.uri}/health", folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def write_houses(housing: Housing, path: Path) -> None:
    """Write a set as a file of the nine original columns."""
    path.write_bytes(csv(original(housing)))


@pytest.fixture(scope="module")
def houses(tmp_path_factory) -> Path:
    """600 generated rows, which training takes for real ones because they come from a file."""
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    write_houses(generate(600), path)
    return path
