"""The keeper's process: `python -m app.keeper`; it ends when its standard input does."""

import logging
import os
import signal
import sys
import threading
import time

from app.keeper.keeper import STEP_S, Keeper
from app.settings import Settings

log = logging.getLogger("app.keeper")


def main() -> None:
    """Step until whoever started it is gone, and then once more."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    # Predictions come first.
    os.nice(5)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=_wait_for_end, args=(stopping,), daemon=True).start()
    keeper = Keeper(Settings.from_environment(os.environ))
    while not stopping.is_set():
        _step(keeper)
        stopping.wait(STEP_S)
    _step(keeper)
    keeper.close()


def _wait_for_end(stopping: threading.Event) -> None:
    # Nothing is ever written there: the end comes with the other process, however it ends.
    sys.stdin.buffer.read()
    stopping.set()


def _step(keeper: Keeper) -> None:
    try:
        keeper.step(time.time())
    # It must outlive whatever a step meets, or the journal fills.
    except Exception:
        log.exception("the keeper's step failed")


if __name__ == "__main__":
    main()
