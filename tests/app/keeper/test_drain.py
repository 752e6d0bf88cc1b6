"""Draining: every sound record reaches the database, whatever stands around it."""

import dataclasses

import pytest

from app.database.connection import Database, UnavailableError
from app.database.predictions import store
from app.keeper.drain import drain, fetch
from app.spool import segments
from app.spool.encode import encode
from app.spool.record import HEADER
from tests.app.keeper.kept import journal, kept
from tests.app.records import one_id, prediction, record


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
