"""The keeper: what was acknowledged reaches the database, whatever happens on the way."""

import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.database.connection import Database, UnavailableError
from app.database.feedback import Told, add
from app.database.predictions import newest, store
from app.keeper.collector import FiguresCollector
from app.keeper.drain import drain, fetch
from app.keeper.figures import read
from app.keeper.guardian import Guardian
from app.keeper.keeper import Keeper
from app.settings import Settings
from app.spool import segments
from app.spool.encode import encode
from app.spool.record import HEADER
from app.spool.spool import Spool
from tests.app.records import one_id, prediction, record


def journal(folder: Path) -> Spool:
    return Spool(folder, 1 << 24, lambda: None)


def kept(database, user_id=None) -> list[str]:
    with database.reading() as connection:
        return sorted(each.id for each in newest(connection, user_id, 1000, None))


@pytest.fixture
def settings(sqlite_url, tmp_path):
    return Settings(data_dir=tmp_path, database_url=sqlite_url)


@pytest.fixture
def keeper(settings):
    found = Keeper(settings)
    yield found
    found.close()


def test_drain_moves_what_was_recorded(database, tmp_path):
    """Closed segments go into the database and away; the open one stays its worker's."""
    spool = journal(tmp_path)
    for at in range(1200):
        spool.record(prediction(at))
    spool.roll()
    spool.record(prediction(5000))
    assert drain(tmp_path, database) == 0
    assert len(segments.all_of(tmp_path)) == 1
    assert len(kept(database)) == 1000
    spool.close()
    drain(tmp_path, database)
    assert one_id(5000) in kept(database)
    assert segments.all_of(tmp_path) == []


def test_half_written_record_is_counted_and_the_rest_is_kept(database, tmp_path):
    """A segment that ends within a record gives all before it, and counts one as damaged."""
    spool = journal(tmp_path)
    spool.record(prediction(1))
    spool.record(prediction(2))
    spool.close()
    (path,) = segments.all_of(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    assert drain(tmp_path, database) == 1
    assert kept(database) == [one_id(1)]
    assert segments.all_of(tmp_path) == []


def zeros(data):
    return bytes(len(data))


def no_size(data):
    return data[:4] + bytes(4) + data[8:]


def no_rows(data):
    return (
        HEADER.pack(*(0 if at == 5 else v for at, v in enumerate(HEADER.unpack_from(data))))
        + (data[HEADER.size :])
    )


def broken_text(data):
    return data.replace(b"california", b"\xff\xfe\0\0fornia")


@pytest.mark.parametrize("spoil", [zeros, no_size, no_rows, broken_text])
def test_damage_holds_up_no_other_segment(spoil, sqlite_url, tmp_path, caplog):
    """What a loss of power left is counted, told once and set aside; all around it is kept."""
    database = Database(sqlite_url)
    first, second, third = (encode(prediction(at)) for at in (1, 2, 3))
    (tmp_path / "1.records").write_bytes(first + spoil(second))
    (tmp_path / "2.records").write_bytes(third)
    (tmp_path / "3.records").write_bytes(zeros(first) * 20)
    assert drain(tmp_path, database) == 2
    assert drain(tmp_path, database) == 0
    assert kept(database) == [one_id(1), one_id(3)]
    assert sorted(path.name for path in segments.those_set_aside(tmp_path)) == [
        "1.damaged",
        "3.damaged",
    ]
    assert len(caplog.records) == 2
    database.close()


def test_record_that_postgresql_refuses_is_skipped_alone(migrated_postgres_url, tmp_path):
    """A NUL in a text stops nothing: the batch around it is kept, its segment is set aside."""
    database = Database(migrated_postgres_url)
    with database.writing() as connection:
        connection.exec_driver_sql("TRUNCATE predictions CASCADE")
    bad = encode(dataclasses.replace(prediction(2), model="hou\0sing"))
    data = encode(prediction(1)) + bad + encode(prediction(3))
    (tmp_path / "1.records").write_bytes(data)
    assert drain(tmp_path, database) == 1
    assert kept(database) == [one_id(1), one_id(3)]
    assert (tmp_path / "1.damaged").read_bytes() == data
    database.close()


def test_damage_is_counted_though_the_database_goes(tmp_path):
    """What was set aside before the database was away is in the count; then it is said."""
    (tmp_path / "1.records").write_bytes(b"\0" * 99)
    (tmp_path / "2.records").write_bytes(encode(prediction(1)))
    database = Database(f"sqlite:///{tmp_path}/no-tables.db")
    assert drain(tmp_path, database) == 1
    with pytest.raises(UnavailableError):
        drain(tmp_path, database)
    database.close()


def test_interrupted_drain_is_finished_by_the_next(database, tmp_path):
    """What a killed keeper had inserted already is neither lost nor doubled."""
    spool = journal(tmp_path)
    for at in range(3):
        spool.record(prediction(at))
    spool.close()
    store(database, [record(0)])
    assert drain(tmp_path, database) == 0
    assert kept(database) == [one_id(0), one_id(1), one_id(2)]


def test_fetch_takes_what_is_wanted_out_of_an_open_segment(database, tmp_path):
    """A caller's prediction is in the database when they ask for it a moment later."""
    spool = journal(tmp_path)
    spool.record(prediction(1))
    spool.record(prediction(2))
    fetch(tmp_path, database, lambda record: record.id == one_id(2), 1 << 20)
    assert kept(database) == [one_id(2)]
    spool.close()
    drain(tmp_path, database)
    assert kept(database) == [one_id(1), one_id(2)]


def test_fetch_looks_at_the_newest_only(database, tmp_path):
    """Within its bound, also inside of a segment; it says whether there was more."""
    size = len(encode(prediction(1)))
    for segment in (1, 2):
        records = (encode(prediction(10 * segment + at)) for at in range(3))
        (tmp_path / f"{segment}.records").write_bytes(b"".join(records))
    assert not fetch(tmp_path, database, lambda _: True, 2 * size + 10)
    assert kept(database) == [one_id(21), one_id(22)]
    assert not fetch(tmp_path, database, lambda _: True, 4 * size)
    assert kept(database) == [one_id(12), one_id(20), one_id(21), one_id(22)]
    assert fetch(tmp_path, database, lambda _: True, 6 * size)
    assert len(kept(database)) == 6


@pytest.mark.parametrize("spoil", [zeros, no_size, no_rows, broken_text])
def test_fetch_passes_damage_by(spoil, sqlite_url, tmp_path):
    """It ends, and finds what is whole in other segments."""
    database = Database(sqlite_url)
    (tmp_path / "1.records").write_bytes(encode(prediction(1)))
    (tmp_path / "2.records").write_bytes(spoil(encode(prediction(2))) * 3)
    fetch(tmp_path, database, lambda _: True, 0)
    fetch(tmp_path, database, lambda _: True, 1 << 20)
    assert kept(database) == [one_id(1)]
    database.close()


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


def test_figures_reach_metrics_of_any_worker(keeper, tmp_path):
    """Live error, waiting bytes and damaged records are the same whichever worker is asked."""
    (tmp_path / "journal").mkdir()
    store(keeper._database, [record(1)])
    with keeper._database.writing() as connection:
        add(connection, None, [Told(one_id(1), 0, 3.0)], 1.0)
    keeper._damaged = 2
    keeper.step(10.0)
    for _ in range(2):
        registry = CollectorRegistry()
        registry.register(FiguresCollector(tmp_path))
        text = generate_latest(registry).decode()
        assert 'prediction_live_rmse{model="california-housing",version="7"} 2.0' in text
        assert "prediction_journal_damaged_total 2.0" in text


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
