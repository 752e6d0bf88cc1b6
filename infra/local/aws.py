"""The embedded AWS: one MiniStack server a checkout, on loopback, its objects on disk."""

import fcntl
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import UserError
from infra.local import processes

START_TIMEOUT_S = 60.0
STARTED_WITH = "settings.json"
ACCOUNT = "000000000000"
"""The emulator's account, which is also an access key that it accepts in presigned URLs."""


def folder(local_dir: Path) -> Path:
    """Return where the embedded AWS keeps its state."""
    return local_dir / "aws"


def ensure_running(local_dir: Path, port: int) -> None:
    """Start the embedded AWS unless it already answers.

    Parameters
    ----------
    local_dir
        The `.local` folder of the checkout.
    port
        The port of 127.0.0.1 that the stack's `awsEndpoint` names.

    Raises
    ------
    UserError
        The port belongs to something else, or the server does not come up.
    """
    home = folder(local_dir)
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / "server.lock"):
        ours = _answers(port) and processes.belongs_to(processes.listener(port), home)
        if ours and _was_started_with(home, _settings(home, port)):
            return
        # What is left of a killed server, of one on a port that was configured before, or of one
        # that an earlier version of this program started with other services.
        processes.end(list(processes.owned(home)))
        if not processes.is_free(port):
            message = (
                f"port {port} is taken by {processes.describe_listener(port)}: end it, or choose "
                "another: pulumi config set awsEndpoint http://127.0.0.1:PORT --stack local"
            )
            raise UserError(message)
        _wait_for(_start(home, port), port, home)


def stop(local_dir: Path) -> None:
    """Stop the embedded AWS; it writes its state to disk first."""
    processes.end(list(processes.owned(folder(local_dir))), timeout_s=20)


def _settings(home: Path, port: int) -> dict[str, str]:
    """Return the server's environment."""
    return {
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "SERVICES": "ec2,ecr,elbv2,iam,kms,logs,s3,ssm,sts",
        "IOT_MTLS_ENABLED": "0",  # or it listens for MQTT on every interface
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
    }


def _was_started_with(home: Path, settings: dict[str, str]) -> bool:
    try:
        return bool(json.loads((home / STARTED_WITH).read_text()) == settings)
    except (OSError, ValueError):
        return False


def _start(home: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that Ctrl-C in a terminal spares it."""
    settings = _settings(home, port)
    (home / STARTED_WITH).write_text(json.dumps(settings))
    # `ministack` itself binds 0.0.0.0: its ASGI app is served here on loopback only.
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind"]
    with (home / "server.log").open("ab") as log:
        return subprocess.Popen(
            [*command, f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env=processes.environment(home, settings),
            start_new_session=True,
            # Its state holds the stack's secrets.
            umask=0o077,
        )


def _wait_for(server: subprocess.Popen[bytes], port: int, home: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if _answers(port):
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    processes.end(list(processes.owned(home)))
    tail = (home / "server.log").read_text(errors="replace").splitlines()[-15:]
    message = f"the embedded AWS did not start on port {port}; {home / 'server.log'} ends with:\n"
    raise UserError(message + "\n".join(tail))


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(  # loopback only
            f"http://127.0.0.1:{port}/_ministack/health", timeout=2
        ) as response:
            return bool(response.status == 200)  # noqa: PLR2004
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time start the server: the engine may configure two providers."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
