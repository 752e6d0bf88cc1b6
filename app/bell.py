"""Wakes what follows the registry, in every worker process: by the time of a file."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

# How long a worker may be unaware that another one was told.
LOOK_S = 0.2


class Bell:
    """Rung in one worker, heard in all that share the file; in its own even without a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rung = threading.Event()
        self._seen = self._time()

    def ring(self) -> None:
        """Wake everybody."""
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch()
            # The kernel's own "now" is some milliseconds coarse: two rings could look like one.
            os.utime(self._file, ns=(time.time_ns(),) * 2)
        self._rung.set()

    def wait(self, timeout_s: float) -> bool:
        """Return True as soon as it rings, False when it has not."""
        end = time.monotonic() + timeout_s
        while True:
            left = end - time.monotonic()
            rung = self._rung.wait(min(LOOK_S, max(left, 0.0)))
            now = self._time()
            if rung or now != self._seen:
                self._rung.clear()
                self._seen = now
                return True
            if left <= 0:
                return False

    def _time(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0
