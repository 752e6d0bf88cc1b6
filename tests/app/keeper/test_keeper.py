"""The keeper: what was acknowledged reaches the database, whatever happens on the way."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.database.connection import Database
from app.database.feedback import Told, add
from app.database.predictions import store
from app.keeper.collector import FiguresCollector
from app.keeper.figures import read
from app.keeper.guardian import Guardian
from app.keeper.keeper import Keeper
from app.settings import Settings
from app.spool import segments
from app.spool.encode import encode
from tests.app.keeper.kept import journal, kept
from tests.app.records import one_id, prediction, record


@pytest.fixture
def settings(sqlite_url, tmp_path):
    return Settings(data_dir=tmp_path, database_url=sqlite_url)


@pytest.fixture
def keeper(settings):
    found = Keeper(settings)
    yield found
    found.close()


def test_locked_database_makes_predictions_wait(keeper, settings, tmp_path, caplog):
    """While another process holds the database, recording goes on, and nothing is lost."""
    keeper._database = Database(settings.database_url, wait_s=0.1)
    spool = journal(tmp_path / "journal")
    other = sqlite3.connect(tmp_path / "service.db")
    other.execute("BEGIN EXCLUSIVE")
    keeper._migrated = True
    assert spool.record(prediction(1))
    spool.roll()
    keeper.step(1.0)
    keeper.step(2.0)
    assert spool.record(prediction(2))
    assert sum("cannot be used" in line.message for line in caplog.records) == 1
    other.rollback()
    other.close()
    spool.close()
    keeper.step(3.0)
    assert kept(keeper._database) == [one_id(1), one_id(2)]


def test_full_database_makes_predictions_wait(keeper, tmp_path):
    """A database without room leaves the segment where it is; with room it is drained."""
    spool = journal(tmp_path / "journal")
    for at in range(400):
        spool.record(prediction(at, rows=20))
    spool.close()
    with keeper._database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    keeper._migrated = True
    keeper.step(1.0)
    assert len(segments.all_of(tmp_path / "journal")) == 1
    keeper.close()
    keeper.step(2.0)
    assert segments.all_of(tmp_path / "journal") == []
    assert len(kept(keeper._database)) == 400


def test_database_that_comes_later_is_migrated_then(tmp_path):
    """Without a database at the start the keeper tries again, and drains when there is one."""
    (tmp_path / "sub").write_text("in the way")
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/sub/service.db")
    keeper = Keeper(settings)
    spool = journal(tmp_path / "journal")
    spool.record(prediction(1))
    spool.close()
    keeper.step(1.0)
    (tmp_path / "sub").unlink()
    keeper.step(2.0)
    assert kept(keeper._database) == [one_id(1)]
    keeper.close()


def test_old_predictions_are_pruned(keeper):
    """What is older than the setting says goes by itself."""
    now = 1_000 * 86_400.0
    store(keeper._database, [record(1, at=now - 91 * 86_400), record(2, at=now - 89 * 86_400)])
    keeper.step(now)
    assert kept(keeper._database) == [one_id(2)]


def test_what_was_set_aside_is_pruned_too(keeper, tmp_path):
    """It holds predictions: it is kept as long as they are."""
    (tmp_path / "journal").mkdir()
    now = time.time()
    for days in (89, 91):
        path = tmp_path / "journal" / f"{days}.damaged"
        path.touch()
        os.utime(path, (now, now - days * 86_400))
    keeper.step(now)
    assert [path.name for path in segments.those_set_aside(tmp_path / "journal")] == ["89.damaged"]


def test_figures_reach_metrics_of_any_worker(keeper, settings, tmp_path):
    """Live error and damaged records are the same whichever worker is asked."""
    (tmp_path / "journal").mkdir()
    store(keeper._database, [record(1)])
    with keeper._database.writing() as connection:
        add(connection, None, [Told(one_id(1), 0, 3.0)], 1.0)
    keeper._damaged = 2
    keeper.step(10.0)
    for _ in range(2):
        text = scraped(settings)
        assert 'prediction_live_rmse{model="california-housing",version="7"} 2.0' in text
        assert "prediction_journal_damaged_total 2.0" in text


def scraped(settings) -> str:
    registry = CollectorRegistry()
    registry.register(FiguresCollector(settings))
    return generate_latest(registry).decode()


def value(name, settings) -> float:
    return float(re.search(rf"^{name} (.*)$", scraped(settings), re.MULTILINE)[1])


def test_an_absent_database_shows_in_metrics(keeper, settings, tmp_path):
    """What waits is told as it grows, of how much, and since when; so is what was set aside."""
    assert value("prediction_database_seen_timestamp_seconds", settings) == 0
    keeper.step(1.0)
    seen = value("prediction_database_seen_timestamp_seconds", settings)
    assert time.time() - 60 < seen <= time.time()
    assert value("prediction_journal_bytes", settings) == 0
    keeper.close()
    (tmp_path / "service.db").unlink()
    (tmp_path / "service.db").mkdir()
    spool = journal(tmp_path / "journal")
    for number in (1, 2):
        spool.record(prediction(number))
        keeper.step(10.0 * number)
        waiting = number * len(encode(prediction()))
        assert value("prediction_journal_bytes", settings) == waiting
    assert value("prediction_journal_max_bytes", settings) == settings.journal_max_bytes
    assert value("prediction_database_seen_timestamp_seconds", settings) == seen
    spool.close()
    segments.set_aside(segments.all_of(tmp_path / "journal")[0])
    assert value("prediction_journal_set_aside_segments", settings) == 1


def test_damaged_figures_are_no_figures(tmp_path):
    """A file that somebody spoiled breaks no scrape."""
    (tmp_path / "figures.json").write_text("[1, 2")
    assert read(tmp_path) is None


def until(true, seconds=30.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_one_worker_of_all_runs_the_keeper(migrated_file, tmp_path):
    """Two guardians, one keeper; when its worker goes, the other takes over; all is drained."""
    shutil.copy(migrated_file, tmp_path / "service.db")
    url = f"sqlite:///{tmp_path}/service.db"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": url}
    spool = journal(tmp_path / "journal")
    first, second = (Guardian(tmp_path, environment) for _ in range(2))
    first.start()
    until(lambda: first._keeper is not None)
    second.start()
    spool.record(prediction(1, at=time.time()))
    spool.roll()
    until(lambda: len(segments.all_of(tmp_path / "journal")) == 1)
    assert second._keeper is None
    first.stop()
    until(lambda: second._keeper is not None)
    spool.record(prediction(2, at=time.time()))
    spool.close()
    until(lambda: not segments.all_of(tmp_path / "journal"))
    second.stop()
    database = Database(url)
    assert kept(database) == [one_id(1), one_id(2)]
    database.close()


WORKER = """
import os, signal, sys, time
from pathlib import Path
from app.keeper.guardian import Guardian
guardian = Guardian(Path(sys.argv[1]), os.environ)
guardian.start()
while guardian._keeper is None:
    time.sleep(0.01)
print(guardian._keeper.pid, flush=True)
time.sleep(60)
"""


def test_keeper_ends_with_a_killed_worker(tmp_path):
    """SIGKILL of the worker leaves no keeper behind."""
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/service.db",
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    keeper = int(worker.stdout.readline())
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    until(lambda: not Path(f"/proc/{keeper}/cmdline").exists() or not _alive(keeper))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_keeper_stays_small():
    """It runs without what only workers need: each would be megabytes beside every service."""
    heavy = "numpy", "flask", "prometheus_client", "alembic"
    script = f"import sys, app.keeper.keeper; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"
