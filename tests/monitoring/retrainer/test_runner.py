"""The runner: one job at a time, begun again when it was interrupted, and not for ever."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil
import pytest

from app.database import retrainings
from app.database.connection import Database, UnavailableError
from app.database.retrainings import FAILED, PROMOTED
from monitoring.retrainer.policy import MOST_TRIES
from monitoring.retrainer.runner import Runner, run_job
from tests.monitoring.retrainer.logged import log_rows
from training.generate import generate

HOUSES, CLASSES = "california-housing", "two-feature-classes"


@dataclass
class Jobs:
    """Runs jobs that end as they are told: `well`, or in the middle, with a reason or without."""

    database: Database
    ends: list[str] = field(default_factory=list)
    started: list[int] = field(default_factory=list)

    def run(self, number):
        self.started.append(number)
        how = self.ends.pop(0) if self.ends else "well"
        with self.database.writing() as connection:
            if how == "well":
                retrainings.end(connection, number, PROMOTED, "better", 200.0)
                return 0
            retrainings.step(connection, number, retrainings.FITTING)
            if how != "killed":
                retrainings.interrupted(connection, number, how)
        return -9


@pytest.fixture
def jobs(database):
    return Jobs(database)


def queue(database, model=HOUSES):
    with database.writing() as connection:
        return retrainings.queue(connection, model, "operator", 100.0).id


def one(database, number):
    with database.reading() as connection:
        return retrainings.one(connection, number)


def test_nothing_to_do_starts_nothing(database, jobs):
    """An empty table is left alone."""
    assert Runner(database, jobs.run).step(100.0)
    assert jobs.started == []


def test_models_take_their_turn(database, jobs):
    """One after the other, in the order in which they were asked for."""
    numbers = [queue(database), queue(database, CLASSES)]
    runner = Runner(database, jobs.run)
    for _ in range(3):
        assert runner.step(100.0)
    assert jobs.started == numbers
    assert {one(database, number).outcome for number in numbers} == {PROMOTED}


def test_an_interrupted_one_begins_again_before_others(database, jobs):
    """With the same trigger and time: what killed the job has not changed what was asked."""
    first, second = queue(database), queue(database, CLASSES)
    jobs.ends = ["killed"]
    runner = Runner(database, jobs.run)
    assert not runner.step(100.0)
    assert one(database, first).stage == retrainings.FITTING
    assert runner.step(101.0)
    assert runner.step(102.0)
    assert jobs.started == [first, first, second]
    ended = one(database, first)
    assert (ended.outcome, ended.tries, ended.at) == (PROMOTED, 2, 100.0)


def test_another_service_goes_on_where_one_died(database, jobs):
    """What was begun stands in the table and nowhere else."""
    number = queue(database)
    with database.writing() as connection:
        retrainings.begin(connection, number, retrainings.COLLECTING)
    assert Runner(database, jobs.run).step(100.0)
    assert one(database, number).tries == 2


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("killed", "its process died (tried 3 times, the last time while fitting)"),
        ("MLflow is away", "MLflow is away (tried 3 times, the last time while fitting)"),
    ],
)
def test_the_third_interruption_ends_it(database, jobs, how, why):
    """What fails thrice fails by itself: it is said why, and others get their turn."""
    number, other = queue(database), queue(database, CLASSES)
    jobs.ends = [how] * MOST_TRIES
    runner = Runner(database, jobs.run)
    for _ in range(MOST_TRIES):
        assert not runner.step(100.0)
    assert runner.step(150.0)
    ended = one(database, number)
    assert (ended.outcome, ended.reason, ended.ended_at) == (FAILED, why, 150.0)
    assert runner.step(151.0)
    assert one(database, other).outcome == PROMOTED


def test_one_that_has_registered_its_challenger_is_not_given_up_so_soon(database, jobs):
    """The alias may have moved: to call it failed would be wrong, and the rest is short."""
    number = queue(database)
    with database.writing() as connection:
        retrainings.step(connection, number, version="2")
    jobs.ends = ["MLflow is away"] * (MOST_TRIES + 1)
    runner = Runner(database, jobs.run)
    for _ in range(MOST_TRIES + 1):
        assert not runner.step(100.0)
    assert runner.step(150.0)
    assert one(database, number).outcome == PROMOTED


def test_the_schedule_is_looked_at_in_each_step(database, jobs):
    """Nobody else asks."""
    houses = generate(100)
    log_rows(database, HOUSES, houses.features, houses.target, at=1_000.0)
    runner = Runner(database, jobs.run, every_s=60.0)
    runner.step(1_030.0)
    assert jobs.started == []
    runner.step(1_100.0)
    assert [one(database, n).trigger for n in jobs.started] == ["schedule"]


def test_a_database_that_is_away_starts_nothing(jobs, tmp_path):
    """Nothing is known then; it is asked again."""
    (tmp_path / "away.db").mkdir()
    away = Database(f"sqlite:///{tmp_path}/away.db")
    with pytest.raises(UnavailableError):
        Runner(away, jobs.run).step(100.0)
    assert jobs.started == []
    away.close()


@pytest.fixture
def jobs_database(sqlite_url):
    found = Database(sqlite_url)
    yield found
    found.close()


def test_a_step_that_fails_does_not_end_the_thread(jobs_database):
    """Whatever it meets; or nothing would ever be retrained again."""
    jobs = Jobs(jobs_database)
    tried = []

    def run(number):
        tried.append(number)
        if len(tried) == 1:
            message = "no process can be started"
            raise OSError(message)
        return jobs.run(number)

    runner = Runner(jobs_database, run)
    number = queue(jobs_database)
    runner.start()
    for _ in range(500):
        runner.look()
        if one(jobs_database, number).outcome:
            break
    assert one(jobs_database, number).outcome == PROMOTED


def test_a_job_that_hangs_is_ended(database, tmp_path):
    """MLflow takes the connection and says nothing: other retrainings wait behind this one."""
    number = queue(database)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        own = {
            "DATABASE_URL": database.url,
            "DATA_DIR": str(tmp_path),
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        assert run_job(number, os.environ | own, longest_s=4) == 143
    assert one(database, number).outcome is None


def test_a_job_that_cannot_end_is_killed(database, tmp_path):
    """Stopped, or stuck in code that lets no thread of its own run: others wait behind this one."""
    own = {"DATABASE_URL": database.url, "DATA_DIR": str(tmp_path)}
    # Other tests' servers are children of this process too.
    others = set(psutil.Process().children())
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(run_job, queue(database), os.environ | own, 1, 0.5)
        while not (started := set(psutil.Process().children()) - others):
            time.sleep(0.01)
        started.pop().suspend()
        assert ended.result(20) == -signal.SIGKILL
