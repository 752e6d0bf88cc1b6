"""Starts the service of fakes under its real server, granian, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PATIENCE_S = 60


@contextmanager
def running(folder: Path, workers: int = 1) -> Iterator[str]:
    """Yield the address of a service with so many workers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "tests.app.served:app"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", "1", "--no-ws", "--log-level", "warning"),
        *("--respawn-failed-workers", "--respawn-interval", "0.1"),
    ]
    # Its metrics go below this folder, and not among those of other servers.
    environment = os.environ | {"TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=CHECKOUT, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz", folder / "log")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
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


def post(url: str, body: bytes, content_type: str = "application/json") -> tuple[int, bytes]:
    """Send a body; return status and answer."""
    request = urllib.request.Request(url, body, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
