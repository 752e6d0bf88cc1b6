"""The process of one retraining: `python -m monitoring.retrainer.job ID`.

It ends with whoever started it: its standard input is a pipe from there, which nobody writes to.
"""

import fcntl
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from app.database import retrainings
from app.database.connection import Database, UnavailableError
from app.database.retrainings import Retraining
from monitoring.retrainer.served import await_served
from monitoring.retrainer.settings import Settings
from training.command import say, stoppable
from training.errors import TrainingError
from training.tracking import tracking_uri, wait_until_reachable

log = logging.getLogger("monitoring.retrainer.job")

LOCK = "job.lock"
LOCK_WAIT_S = 30.0
DATABASE_WAIT_S = 10.0
MLFLOW_WAIT_S = 60.0
LAST_WORDS_S = 5.0
"""For closing runs and removing temporary files, once it is to end."""


def main(arguments: list[str]) -> int:
    """Do the retraining of that number; return 0 when it has ended, however it did."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    end_with(sys.stdin.fileno())
    # Predictions come first.
    os.nice(10)
    settings = Settings.from_environment(os.environ)
    database = Database(settings.database_url, DATABASE_WAIT_S)
    try:
        with alone(settings.data_dir / LOCK):
            return work(int(arguments[0]), settings, database)
    except TimeoutError as error:
        say(str(error))
        return 1


def work(number: int, settings: Settings, database: Database) -> int:
    """Retrain and note how it ended; what interrupts it is noted too, for the next try."""
    try:
        with database.reading() as connection:
            task = retrainings.one(connection, number)
        if task.outcome is None:
            _retrain(task, settings, database)
    except UnavailableError as error:
        say(f"Retraining {number} stops: {error}")
        return 1
    except TrainingError as error:
        _interrupted(number, database, str(error))
        return 1
    # The next try may meet something else; the last one's reason is for people.
    except Exception as error:
        log.exception("retraining %d stops", number)
        _interrupted(number, database, f"{type(error).__name__}: {error}")
        return 1
    return 0


def _retrain(task: Retraining, settings: Settings, database: Database) -> None:
    wait_until_reachable(tracking_uri(), say, MLFLOW_WAIT_S)
    # Seconds, which a job that finds nothing to do need not wait for.
    from monitoring.retrainer.retrain import Retrain  # noqa: PLC0415

    confirm = partial(await_served, settings.api_url)
    end = Retrain(task, database, settings.tracking_uri, confirm).run()
    with database.writing() as connection:
        retrainings.end(connection, task.id, end.outcome, end.reason, time.time())
    say(f"Retraining {task.id} of {task.model} ({end.outcome}): {end.reason}")


def _interrupted(number: int, database: Database, reason: str) -> None:
    say(f"Retraining {number} stops: {reason}")
    with suppress(UnavailableError), database.writing() as connection:
        retrainings.interrupted(connection, number, reason)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the lock: one that lost its parent may need a moment to end.

    Raises
    ------
    TimeoutError
        Another job still holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("ab") as file:
        end = time.monotonic() + LOCK_WAIT_S
        while not _taken(file):
            if time.monotonic() > end:
                message = f"{lock}: another job still runs"
                raise TimeoutError(message)
            time.sleep(0.1)
        yield


def _taken(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def end_with(pipe: int) -> None:
    """End this process when the pipe does: whoever holds its other end is gone."""
    threading.Thread(target=_end, args=(pipe,), name="end-with-parent", daemon=True).start()


def _end(pipe: int) -> None:
    # Not by sys.stdin, whose lock Python wants when it ends.
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_WORDS_S)
    # Whatever it is at does not return to Python.
    os._exit(143)


if __name__ == "__main__":
    sys.exit(
        stoppable(lambda: main(sys.argv[1:]), "Interrupted; it begins again with the service.")
    )
