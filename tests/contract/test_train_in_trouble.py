"""Training when the registry, the artifact store or the training itself fails in the middle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).resolve().parents[2]
HOP = {"transfer-encoding", "connection", "content-length"}


class Fault(BaseHTTPRequestHandler):
    """Passes requests on, except those that the test breaks: these are answered 500."""

    uri = ""
    broken = ("", "")

    def _pass_on(self) -> None:
        method, part = self.broken
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command == method and part in self.path:
            self._answer(500, b'{"error_code": "INTERNAL_ERROR", "message": "no bucket"}', {})
            return
        kept = {k: v for k, v in self.headers.items() if k.lower() not in {*HOP, "host"}}
        asked = urllib.request.Request(
            f"{self.uri}{self.path}", data=body or None, headers=kept, method=self.command
        )
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                self._answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            with error:
                self._answer(error.code, error.read(), dict(error.headers))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the library's names

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def breaking(uri: str, method: str, part: str) -> Iterator[str]:
    """Yield the address of a server that is MLflow but for these requests."""
    handler = type("Broken", (Fault,), {"uri": uri, "broken": (method, part)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("PUT", "/artifacts/"),
        ("PUT", "features.py"),
        ("POST", "log-batch"),
        ("POST", "model-versions/create"),
        ("POST", "registered-models/alias"),
    ],
)
def test_fault_in_the_middle_registers_nothing(mlflow, houses, method, part):
    """The run ends FAILED with the reason, no version stays, and the next training is clean."""
    before = mlflow.versions()
    with breaking(mlflow.uri, method, part) as uri:
        done = mlflow.train(HOUSING_CSV=str(houses), MLFLOW_TRACKING_URI=uri)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Training failed: MLflow at" in done.stderr
    assert "Traceback" not in done.stderr
    run = mlflow.runs()[0]
    assert run["status"] == "FAILED"
    assert "500" in run["tags"]["failure"]
    assert mlflow.versions() == before


def test_killed_training_leaves_the_next_one_clean(mlflow, houses):
    """The run of a killed process is closed by the next training, which succeeds."""
    environment = {"MLFLOW_TRACKING_URI": mlflow.uri, "HOUSING_CSV": str(houses)}
    process = subprocess.Popen(
        [sys.executable, "-m", "training.train"],
        cwd=CHECKOUT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Fitting" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    killed = mlflow.runs()[0]["id"]
    assert mlflow.run(killed)["status"] == "RUNNING"
    done = mlflow.train(HOUSING_CSV=str(houses))
    assert done.returncode == 0, done.stderr
    assert mlflow.run(killed)["status"] == "KILLED"
    assert "was killed" in mlflow.run(killed)["tags"]["failure"]


def test_stopped_training_ends_its_run(mlflow, houses):
    """SIGTERM ends the process with a status, and its run as FAILED at once."""
    environment = {"MLFLOW_TRACKING_URI": mlflow.uri, "HOUSING_CSV": str(houses)}
    process = subprocess.Popen(
        [sys.executable, "-m", "training.train", "--profile", "best"],
        cwd=CHECKOUT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Fitting" in line:
            break
    time.sleep(0.2)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Traceback" not in told
    assert mlflow.runs()[0]["status"] == "FAILED"


def test_lost_champion_is_replaced(mlflow, houses):
    """A champion whose files are gone counts as none: training replaces it and says so."""
    assert mlflow.train("--unless-champion", HOUSING_CSV=str(houses)).returncode == 0
    champion = mlflow.aliases()["champion"]
    for models in (mlflow.folder / "artifacts").glob("*/models"):
        shutil.rmtree(models)
    done = mlflow.train("--unless-champion", HOUSING_CSV=str(houses))
    result = json.loads(done.stdout)
    assert (result["promoted"], result["rule"]) == (True, "champion lost")
    assert "The champion cannot be opened" in done.stderr
    assert f"in place of champion {champion}" in result["reason"]
    again = mlflow.train("--unless-champion", HOUSING_CSV=str(houses))
    assert json.loads(again.stdout)["version"] == result["version"]
