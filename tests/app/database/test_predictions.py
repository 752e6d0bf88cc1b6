"""Predictions in the database: kept once, found by their owner, pruned by age."""

import dataclasses

import numpy as np
import pytest

from app.database.connection import Database, UnusableValueError
from app.database.predictions import newest, one, prune, store
from tests.app.records import one_id, record


def test_a_prediction_comes_back_as_it_was(database):
    """Every value, NaN too, is what was recorded."""
    given = record(1, rows=3, user_id=5)
    values = np.arange(24.0)
    values[3] = np.nan
    assert store(database, [dataclasses.replace(given, rows=values.tobytes())]) == 0
    with database.reading() as connection:
        found = one(connection, 5, one_id(1))
    assert np.array_equal(found.rows, values.reshape(3, 8), equal_nan=True)
    assert (found.predictions, found.row_count, found.latency_s) == ([1, 1.5, 2], 3, 0.25)
    assert (found.model, found.version, found.run_id) == ("california-housing", "7", "run7")


def test_storing_twice_changes_nothing(database):
    """A batch that is drained again after a crash neither fails nor doubles."""
    batch = [record(at) for at in range(3)]
    assert store(database, batch[:2]) + store(database, batch) == 0
    with database.reading() as connection:
        assert len(newest(connection, None, 10, None)) == 3


def test_a_record_that_cannot_be_kept_holds_up_no_other(database):
    """What the database refuses for what it is, is counted; the rest of its batch is kept."""
    bad = dataclasses.replace(record(2), model=None)
    assert store(database, [record(1), bad, record(3)]) == 1
    with database.reading() as connection:
        assert {each.id for each in newest(connection, None, 10, None)} == {one_id(1), one_id(3)}


def test_list_is_newest_first_in_pages(database):
    """Pages by the last id seen give each prediction once, equal times too."""
    store(database, [record(at, at=1000.0 + at // 2) for at in range(7)])
    seen, before = [], None
    with database.reading() as connection:
        while page := newest(connection, None, 3, before):
            seen += [each.id for each in page]
            before = seen[-1]
    assert seen == [one_id(at) for at in range(6, -1, -1)]


def test_list_shows_the_first_rows_only(database):
    """Of a large request a list shows five rows, and how many there are."""
    store(database, [record(1, rows=1000)])
    with database.reading() as connection:
        (found,) = newest(connection, None, 10, None)
    assert (len(found.rows), len(found.predictions), found.row_count) == (5, 5, 1000)
    assert found.rows[1] == [9.0 + at for at in range(8)]


@pytest.mark.parametrize(("asker", "sees"), [(1, [1]), (2, [2]), (None, [3]), (9, [])])
def test_everybody_sees_their_own_only(database, asker, sees):
    """Neither the list, nor an id, nor a cursor shows what another asked for."""
    store(database, [record(1, user_id=1), record(2, user_id=2), record(3)])
    with database.reading() as connection:
        assert [each.id for each in newest(connection, asker, 10, None)] == [
            one_id(at) for at in sees
        ]
        for at in (1, 2, 3):
            assert (one(connection, asker, one_id(at)) is not None) == (at in sees)
        if asker == 1:
            assert newest(connection, asker, 10, one_id(2)) == []


def test_prune_deletes_by_age(database):
    """Older ones go, in more than one transaction when they are many; younger ones stay."""
    store(database, [record(at, at=10.0) for at in range(4500)] + [record(9999, at=30.0)])
    assert prune(database, 20.0) == 4500
    with database.reading() as connection:
        assert [each.id for each in newest(connection, None, 10, None)] == [one_id(9999)]


def test_a_value_that_postgresql_refuses_is_the_callers_fault(migrated_postgres_url):
    """Asked with it again the database would refuse it again: 400, and not 503."""
    database = Database(migrated_postgres_url)
    with pytest.raises(UnusableValueError) as refused, database.reading() as connection:
        one(connection, None, "a\0b")
    assert refused.value.status == 400
    database.close()
