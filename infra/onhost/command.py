"""Commands of the host, and what went wrong with one."""

import subprocess
from collections.abc import Callable

Run = Callable[[list[str], float], str]
"""Runs a command for at most so many seconds and returns what it printed, as `run` does."""

LOG_END_LINES = 25


class Failure(Exception):  # noqa: N818  # what it is, not a fault of this program
    """A step that did not succeed: what it was, and the last lines that it printed."""

    def __init__(self, reason: str, log_end: list[str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log_end = (log_end or [])[-LOG_END_LINES:]


class Unreachable(Failure):
    """The bucket could not be asked: no fault of what it holds."""


def run(command: list[str], timeout_s: float) -> str:
    """Run a command and return what it printed.

    Raises
    ------
    Failure
        It ended with an error, or did not end in time.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"`{' '.join(command)}` did not end within {timeout_s:.0f} s"
        raise Failure(message) from error
    except OSError as error:
        message = f"{command[0]} can't be used: {error.strerror}"
        raise Failure(message) from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        message = f"`{' '.join(command)}` ended with exit status {done.returncode}"
        raise Failure(message, said)
    return done.stdout


def say(text: str) -> None:
    """Write to the journal."""
    print(text, flush=True)  # noqa: T201
