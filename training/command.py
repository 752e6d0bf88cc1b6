"""What every command of training shares: how it tells people and scripts, and how it ends."""

import json
import signal
import sys
from collections.abc import Callable
from typing import Any

from training.errors import TrainingError

UNREGISTERED = "Interrupted; nothing was registered."
KEPT = "Interrupted. What was finished is kept: the same command goes on from there."


def say(sentence: str) -> None:
    """Tell a person how far it is; standard output stays free for `--json`."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def answer(called: str, work: Callable[[], dict[str, Any]], *, as_json: bool) -> int:
    """Do a command's work, and print its result for scripts; return the exit status.

    Parameters
    ----------
    called
        What failed when it fails, as `Training`.
    """
    try:
        result = work()
    except TrainingError as error:
        say(f"{called} failed: {error}")
        return 1
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def stoppable(main: Callable[[], int], interrupted: str) -> int:
    """Run a command's `main`; return its exit status, or that of the signal that ended it."""
    # As an exception, so that runs are closed and temporary files removed.
    signal.signal(signal.SIGTERM, _stop)
    try:
        return main()
    except KeyboardInterrupt:
        say(interrupted)
        return 130


def _stop(_signal: int, _frame: object) -> None:
    raise SystemExit(143)
