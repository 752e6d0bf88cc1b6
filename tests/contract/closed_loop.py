"""The retrainer as a process, a registry with a champion, logged rows, and an API that follows."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

from app.database import retrainings
from app.database.connection import Database
from app.database.migrate import migrate
from tests.app.server import CHECKOUT, ask, serving
from tests.monitoring.retrainer.logged import log_rows
from tests.ports import free_port
from training.generate import generate
from training.tracking import get

MODEL = "california-housing"
PATIENCE_S = 90.0


class FollowingApi:
    """Tells in /metrics that it serves the champion, as long as it follows."""

    def __init__(self, mlflow_uri: str) -> None:
        self.follows = True
        self._served = ""
        self._uri = mlflow_uri
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if api.follows:
                    api._look()
                text = f'model_version_info{{model="{MODEL}",version="{api._served}"}} 1.0\n'
                self.send_response(200)
                self.end_headers()
                self.wfile.write(f"# TYPE model_version_info gauge\n{text}".encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _look(self) -> None:
        query = f"name={MODEL}&alias=champion"
        _, body = get(f"{self._uri}/api/2.0/mlflow/registered-models/alias?{query}")
        self._served = json.loads(body)["model_version"]["version"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Loop:
    """What one test needs: each has a database of its own, the registry is the module's."""

    def __init__(self, folder: Path, mlflow: Any) -> None:
        self.folder = folder
        self.mlflow = mlflow
        self.api = FollowingApi(mlflow.uri)
        self.url = f"sqlite:///{folder}/service.db"
        migrate(self.url)
        self.database = Database(self.url, 10)
        self.environment = os.environ | {
            "DATABASE_URL": self.url,
            "DATA_DIR": str(folder / "retrainer"),
            "MLFLOW_TRACKING_URI": mlflow.uri,
            "API_URL": self.api.uri,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        }
        self.uri = ""

    def close(self) -> None:
        self.api.stop()
        self.database.close()

    def log(self, factor: float = 1.0, rows: int = 1_000, seed: int = 7) -> None:
        """Log houses whose prices are so many times those of the training data."""
        houses = generate(rows, seed)
        actual = (houses.target * factor).clip(0.05, 9.9)
        log_rows(self.database, MODEL, houses.features, actual, at=time.time() - 3_600)

    def queue(self, **asked: Any) -> int:
        with self.database.writing() as connection:
            return retrainings.queue(connection, MODEL, "operator", time.time(), **asked).id

    def begin(self, number: int) -> None:
        with self.database.writing() as connection:
            retrainings.begin(connection, number, retrainings.COLLECTING)

    def one(self, number: int) -> retrainings.Retraining:
        with self.database.reading() as connection:
            return retrainings.one(connection, number)

    def newest(self) -> list[retrainings.Retraining]:
        with self.database.reading() as connection:
            return retrainings.newest(connection, 50)

    @contextmanager
    def job(self, number: int, **environment: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Begin a try of the retraining, as the service does."""
        self.begin(number)
        with (self.folder / "job.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "monitoring.retrainer.job", str(number)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                env=self.environment | environment,
            )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, number: int, **environment: str) -> retrainings.Retraining:
        """Do a whole try, and return what the table says then."""
        with self.job(number, **environment) as job:
            job.wait(PATIENCE_S)
        return self.one(number)

    def await_stage(self, number: int, *stages: str) -> retrainings.Retraining:
        """Return as soon as the retraining is in one of the stages."""
        end = time.monotonic() + PATIENCE_S
        while (found := self.one(number)).stage not in stages:
            assert time.monotonic() < end, (found, self.log_text())
            time.sleep(0.001)
        return found

    def await_try(self, number: int, tries: int) -> None:
        """Return as soon as the retraining was begun so often."""
        end = time.monotonic() + PATIENCE_S
        while self.one(number).tries < tries:
            assert time.monotonic() < end, self.log_text()
            time.sleep(0.01)

    def log_text(self) -> str:
        logs = (self.folder / name for name in ("job.log", "service.log"))
        return "\n".join(path.read_text()[-3_000:] for path in logs if path.exists())

    def service(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Run the retrainer as the host does, and end it afterwards."""
        port = free_port()
        self.uri = f"http://127.0.0.1:{port}"
        arguments = (
            *("--workers", "1", "--blocking-threads", "4", "--log-level", "warning"),
            "--respawn-failed-workers",
        )
        log = self.folder / "service.log"
        return serving("monitoring.retrainer.wsgi:app", port, log, self.environment, *arguments)

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        return ask(self.uri + path, body)


def firing(*names: str, began: str = "2026-11-21T10:00:00.123456789Z") -> dict[str, Any]:
    """Return a webhook's body, as Alertmanager sends it."""
    return {
        "version": "4",
        "status": "firing",
        "receiver": "retrainer",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": name, "model": MODEL, "retrain": "true"},
                "annotations": {},
                "startsAt": began,
                "endsAt": "0001-01-01T00:00:00Z",
            }
            for name in names
        ],
    }


def jobs_of(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Return the jobs that a service runs."""
    below = psutil.Process(process.pid).children(recursive=True)
    return [child for child in below if "monitoring.retrainer.job" in child.cmdline()]
