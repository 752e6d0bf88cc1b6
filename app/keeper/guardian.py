"""Lets one of all workers run the keeper's process, and starts it again when it ends."""

import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from app.child_environment import child_environment

log = logging.getLogger(__name__)

LOCK = "keeper.lock"
RETRY_S = 2.0
COMMAND = (sys.executable, "-m", "app.keeper")


class Guardian:
    """A thread of each worker that sees to it that one keeper runs for a data folder.

    The keeper holds the lock that its worker got; so while it lives nobody starts another. Its
    standard input is a pipe to its worker: when that dies, whatever way, the keeper ends, and
    another worker gets the lock.
    """

    def __init__(
        self, data_dir: Path, environment: Mapping[str, str], command: tuple[str, ...] = COMMAND
    ) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._command = command
        self._stopping = threading.Event()
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Guard in a background thread, which ends with the process."""
        threading.Thread(target=self._guard, name="guard-keeper", daemon=True).start()

    def stop(self) -> None:
        """Let the keeper end after a last step."""
        self._stopping.set()
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait(30)

    def _guard(self) -> None:
        while not self._stopping.is_set():
            try:
                self._run()
            except OSError as error:
                log.warning("the keeper of predictions cannot be started: %s", error)
            self._stopping.wait(RETRY_S)

    def _run(self) -> None:
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keeper = self._started(lock)
        except BlockingIOError:
            return
        finally:
            os.close(lock)
        status = self._keeper.wait()
        if not self._stopping.is_set():
            log.error("the keeper of predictions ended with status %d: it is started again", status)

    def _started(self, lock: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            pass_fds=(lock,),
            env=child_environment(self._environment),
        )
