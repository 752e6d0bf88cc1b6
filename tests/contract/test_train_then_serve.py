"""Training and serving meet in a real registry: train tiny, load in the app, predict."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.factory import create_app
from app.follower import Follower
from app.metrics import Metrics
from app.model import Champion, UnusableModelError
from app.registry import NoChampionError, RegistryError
from app.settings import Settings
from training.data import published_split
from training.fit import fit
from training.generate import generate
from training.schema import FEATURE_NAMES, STATLIB_COLUMNS

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).resolve().parents[2]
HOUSING = generate(600)


@dataclass(frozen=True)
class Mlflow:
    """A running server of the test's own."""

    uri: str
    folder: Path
    process: subprocess.Popen[bytes]

    def train(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the training as a service of the host would."""
        command = [sys.executable, "-m", "training.train", "--json", *flags]
        given = {"MLFLOW_TRACKING_URI": self.uri, **environment}
        return subprocess.run(
            command,
            cwd=CHECKOUT,
            env=os.environ | given,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory) -> Iterator[Mlflow]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    server = Mlflow(f"http://127.0.0.1:{port}", folder, process)
    try:
        _wait(f"{server.uri}/health", folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, log: Path) -> None:
    end = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                pytest.fail(f"MLflow did not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)


@pytest.fixture(scope="module")
def houses(tmp_path_factory) -> Path:
    """The generated set as a file of the nine original columns."""
    features = dict(zip(FEATURE_NAMES, HOUSING.features.T, strict=True))
    households = np.round(features["Population"] / features["AveOccup"])
    table = np.column_stack(
        [
            features["Longitude"],
            features["Latitude"],
            features["HouseAge"],
            features["AveRooms"] * households,
            features["AveBedrms"] * households,
            features["Population"],
            households,
            features["MedInc"],
            HOUSING.target * 100_000,
        ]
    )
    path = tmp_path_factory.mktemp("data") / "houses.csv"
    np.savetxt(path, table, "%.17g", ",", header=",".join(STATLIB_COLUMNS), comments="")
    return path


@pytest.fixture(scope="module")
def trained(mlflow, houses) -> dict[str, Any]:
    """What the first training answered."""
    champion = Champion(mlflow.uri, "california-housing", "champion")
    with pytest.raises(NoChampionError):
        champion.current()
    done = mlflow.train("--unless-champion", HOUSING_CSV=str(houses))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_app_serves_what_was_trained(mlflow, trained):
    """The app, given only the registry's address, predicts what the trained booster predicts."""
    follower = Follower(Champion(mlflow.uri, "california-housing", "champion"), 60, lambda _: None)
    follower.step()
    assert follower.problem is None
    http = create_app(Settings(), follower, Metrics()).test_client()
    answer = http.post("/predict", json={"features": HOUSING.features[:20].tolist()}).json
    assert answer["run_id"] == trained["run_id"]
    assert answer["version"] == trained["version"] == "1"
    expected = fit(HOUSING, published_split(600)).booster.inplace_predict(HOUSING.features[:20])
    assert answer["predictions"] == pytest.approx(expected.tolist(), rel=1e-4)


def test_run_is_traceable(mlflow, trained):
    """The run has its figures, parameters, the data's hash and the commit."""
    with urllib.request.urlopen(
        f"{mlflow.uri}/api/2.0/mlflow/runs/get?run_id={trained['run_id']}", timeout=10
    ) as answer:
        run = json.load(answer)["run"]
    data = {
        kind: {pair["key"]: pair["value"] for pair in run["data"][kind]} for kind in run["data"]
    }
    assert run["info"]["status"] == "FINISHED"
    assert {"test_rmse", "validation_rmse"} <= data["metrics"].keys()
    assert data["params"]["max_depth"]
    assert {"dataset", "data_hash", "git_commit"} <= data["tags"].keys()


def test_second_training_with_a_champion_does_nothing(mlflow, trained):
    """With --unless-champion a registry that has one is left alone."""
    done = mlflow.train("--unless-champion")
    assert (done.returncode, json.loads(done.stdout)["version"]) == (0, "1")
    assert "already has a champion" in done.stderr
    assert trained["promoted"]


def test_equal_model_is_registered_and_not_promoted(mlflow, trained, houses):
    """A challenger that is not better becomes a version, and the champion stays."""
    done = mlflow.train(HOUSING_CSV=str(houses))
    result = json.loads(done.stdout)
    assert not result["promoted"]
    assert "not better than champion 1" in result["reason"]
    champion = Champion(mlflow.uri, "california-housing", "champion")
    assert champion.current().version == trained["version"]


def test_bad_data_registers_nothing(mlflow, trained, tmp_path):
    """A refused file ends with status 1, a sentence and no trace."""
    path = tmp_path / "houses.csv"
    path.write_text("a,b\n1,2\n")
    done = mlflow.train(HOUSING_CSV=str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "Training failed: houses.csv: column longitude" in done.stderr
    assert "Traceback" not in done.stderr
    assert trained["promoted"]


def test_damaged_model_is_not_served(mlflow, trained):
    """A version whose booster is cut off is refused, with its name."""
    champion = Champion(mlflow.uri, "california-housing", "champion")
    version = champion.current()
    booster = next(
        (mlflow.folder / "artifacts").glob(f"*/models/{_model_id(version.source)}/**/*.ubj")
    )
    kept = shutil.copy(booster, mlflow.folder / "kept.ubj")
    try:
        booster.write_bytes(booster.read_bytes()[:1000])
        with pytest.raises(UnusableModelError, match="version 1 cannot be served"):
            champion.load(version)
    finally:
        shutil.copy(kept, booster)
    assert champion.load(version).run_id == trained["run_id"]


def _model_id(source: str) -> str:
    return next(part for part in source.split("/") if part.startswith("m-"))


def test_registry_that_is_gone_is_named():
    """An address where nothing listens is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RegistryError, match=f"{uri} is not reachable"):
        Champion(uri, "california-housing", "champion").current()
