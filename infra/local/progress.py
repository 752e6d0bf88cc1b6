"""Commands that take long: bounded in time, with the seconds ticking before people's eyes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Say = Callable[[str], None]

POLL_S = 0.1
LINE_EVERY_S = 30.0
END_LINES = 5
TIMED_OUT = 124
"""Exit status of a command that was ended for taking too long, as `timeout` gives it."""


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    status: int
    output: str

    @property
    def end(self) -> str:
        """The last lines, on one line, for an error message."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return " | ".join(lines[-END_LINES:]) or f"exit status {self.status}"


def run(
    command: Sequence[str],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    ticking: str = "",
) -> Done:
    """Run a command to its end, or end it with all its children after `timeout_s`.

    Parameters
    ----------
    command
        Program and arguments.
    timeout_s
        Seconds that it may take.
    cwd, env
        As for `subprocess.Popen`.
    ticking
        What to show, with the time gone by, while it runs; nothing when empty.

    Returns
    -------
    Done
        Status 127 when there is no such program, 124 when it took too long.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Done(127, f"{command[0]}: {error.strerror}")
        try:
            with _ticking(ticking) as tick:
                status = _wait(process, timeout_s, tick)
        finally:
            # Ctrl-C as well: nothing that was begun here works on in the background.
            _end(process)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if status is None:
        return Done(TIMED_OUT, f"{text}\nended after {timeout_s:.0f} s")
    return Done(status, text)


def _wait(
    process: subprocess.Popen[bytes], timeout_s: float, tick: Callable[[], None]
) -> int | None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            return process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            tick()
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _ticking(text: str) -> Iterator[Callable[[], None]]:
    console = Console(highlight=False)
    if not text:
        yield lambda: None
    elif console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(text)
            yield lambda: None
    else:
        yield _line_now_and_then(text)


def _line_now_and_then(text: str) -> Callable[[], None]:
    started = last = time.monotonic()

    def tick() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_EVERY_S:
            last = now
            sys.stdout.write(f"  {text}: {now - started:.0f} s\n")
            sys.stdout.flush()

    return tick
