"""Starts an application under its real server, granian, and asks it over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.ports import free_port

CHECKOUT = Path(__file__).parents[2]
PATIENCE_S = 90


@contextmanager
def running(folder: Path, workers: int = 1) -> Iterator[str]:
    """Yield the address of a service of fakes with so many workers."""
    port = free_port()
    # Its metrics go below this folder, and not among those of other servers.
    environment = {"TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    arguments = (
        *("--workers", str(workers), "--blocking-threads", "1", "--log-level", "warning"),
        *("--respawn-failed-workers", "--respawn-interval", "0.1"),
    )
    with serving("tests.app.served:app", port, folder / "log", environment, *arguments):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def serving(
    target: str, port: int, log: Path, environment: dict[str, str], *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run an application that answers at /healthz, and end it afterwards."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", target),
        *("--host", "127.0.0.1", "--port", str(port), "--no-ws", *arguments),
    ]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
            cwd=CHECKOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz", log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            # Its own group: workers that would not end.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(url: str, log: Path) -> None:
    """Return when the address answers."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError as error:
            if time.monotonic() > end:
                raise TimeoutError(log.read_text()[-2000:]) from error
            time.sleep(0.1)


def ask(url: str, body: object = None) -> tuple[int, Any]:
    """Return the status and the answer; a body makes it a POST, bytes are sent as they are."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read().decode()
    return answer.status, json.loads(text) if "json" in answer.headers["Content-Type"] else text
