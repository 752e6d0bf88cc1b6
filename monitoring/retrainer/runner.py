"""Runs what is queued, one retraining at a time, each in a process of its own."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from app.child_environment import child_environment
from app.database import retrainings
from app.database.connection import Database, UnavailableError
from app.database.retrainings import COLLECTING, FAILED, Retraining
from monitoring.retrainer.asks import by_schedule, due
from monitoring.retrainer.policy import MOST_TRIES, MOST_TRIES_REGISTERED

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 2.0
RETRY_S = 5.0
"""After a try that was interrupted."""
LONGEST_JOB_S = 3600.0
"""The best model takes a minute; what hangs must not keep all others waiting for ever."""
LAST_WORDS_S = 15.0
"""For a job to end by itself, before it is killed: more than it takes for it."""

RunJob = Callable[[int], int]
"""Runs the job of a retraining to its end; returns its exit status."""


class Runner:
    """A thread that takes the next retraining from the table, again and again.

    What was begun and has not ended was interrupted: the service was ended, or the machine. It is
    begun again, some times.
    """

    def __init__(self, database: Database, run_job: RunJob, every_s: float | None = None) -> None:
        self._database = database
        self._run_job = run_job
        self._every_s = every_s
        self._asked = threading.Event()

    def start(self) -> None:
        """Work in a background thread, which ends with the process."""
        threading.Thread(target=self._work, name="retrain", daemon=True).start()

    def look(self) -> None:
        """Look at the table now: something was queued."""
        self._asked.set()

    def step(self, now: float) -> bool:
        """Run the next retraining to its end, if there is one; return whether it has ended.

        Raises
        ------
        UnavailableError
            The database cannot be used now.
        """
        # Most looks find nothing, and must not keep writers waiting.
        with self._database.reading() as connection:
            if not retrainings.unfinished(connection) and not due(connection, now, self._every_s):
                return True
        with self._database.writing() as connection:
            by_schedule(connection, now, self._every_s)
            task = next(iter(retrainings.unfinished(connection)), None)
            if task is None:
                return True
            if task.tries >= (MOST_TRIES if task.version is None else MOST_TRIES_REGISTERED):
                retrainings.end(connection, task.id, FAILED, given_up(task), now)
                return True
            retrainings.begin(connection, task.id, COLLECTING)
        status = self._run_job(task.id)
        if status != 0:
            log.warning("retraining %d was interrupted: status %d", task.id, status)
        return status == 0

    def _work(self) -> None:
        while True:
            pause_s = LOOKS_EVERY_S
            try:
                if not self.step(time.time()):
                    pause_s = RETRY_S
            except UnavailableError as error:
                log.warning("no retraining for now: %s", error)
            # It must outlive whatever a step meets, or nothing is retrained any more.
            except Exception:
                log.exception("a step of the retrainer failed")
                pause_s = RETRY_S
            self._asked.wait(pause_s)
            self._asked.clear()


def given_up(task: Retraining) -> str:
    """Return why an interrupted retraining is not begun again."""
    why = task.reason or "its process died"
    known = f"; its challenger is version {task.version}" if task.version else ""
    return f"{why} (tried {task.tries} times, the last time while {task.stage}{known})"


def run_job(
    number: int,
    environment: Mapping[str, str],
    longest_s: float = LONGEST_JOB_S,
    last_words_s: float = LAST_WORDS_S,
) -> int:
    """Run a retraining in a process that ends when this one does, whatever way."""
    with subprocess.Popen(
        [sys.executable, "-m", "monitoring.retrainer.job", str(number)],
        stdin=subprocess.PIPE,
        env=child_environment(environment),
    ) as job:
        try:
            return job.wait(longest_s)
        except subprocess.TimeoutExpired:
            log.warning("retraining %d is ended: it has taken %g s", number, longest_s)
        # It ends with this pipe; unless it is stopped, or stuck in code that lets no thread run.
        try:
            job.communicate(timeout=last_words_s)
        except subprocess.TimeoutExpired:
            job.kill()
        return job.wait()
