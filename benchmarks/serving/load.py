"""Puts load on a server of this machine with wrk, and reads its figures."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.errors import UserError

CONNECTIONS = 16
SLOWEST_ANSWER_S = 30
SCRIPT = Path(__file__).with_name("rotate.lua")


@dataclass(frozen=True)
class Load:
    """What a load came to.

    Attributes
    ----------
    refused
        Answers whose status was no success.
    lost
        Requests without an answer.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    lost: int


def find_wrk() -> Path:
    """Return wrk.

    Raises
    ------
    UserError
        It is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        message = (
            "wrk, which puts load on the servers, is not on PATH: `sudo apt-get install wrk` "
            "(Debian, Ubuntu) installs it; `make bench ARGS='stack training batch engines'` "
            "measures everything else"
        )
        raise UserError(message)
    return Path(found)


def put(wrk: Path, url: str, bodies: Path, seconds: int) -> Load:
    """Send the bodies in turn, as fast as the answers come on each of the connections.

    One thread is enough: wrk needs a tenth of what the fastest server here needs for a request.

    Raises
    ------
    RuntimeError
        The load could not be put, or a request was refused or lost: such figures mean nothing.
    """
    command = [
        *(str(wrk), "--threads", "1", "--connections", str(CONNECTIONS)),
        *("--duration", f"{seconds}s", "--timeout", f"{SLOWEST_ANSWER_S}s", "--latency"),
        *("--script", str(SCRIPT), url, "--", str(bodies)),
    ]
    limit_s = seconds + SLOWEST_ANSWER_S
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    load = read(done.stdout)
    if load.refused or load.lost or not load.requests:
        message = f"{url} did not answer everything, or nothing at all: {load}"
        raise RuntimeError(message)
    return load


def read(output: str) -> Load:
    """Return the figures that the script has printed below wrk's own.

    Raises
    ------
    RuntimeError
        There are none.
    """
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return Load(**json.loads(line))
    message = f"wrk printed no figures: {output!r}"
    raise RuntimeError(message)
