"""True values: who may tell them, once, and what they say of a version."""

import math
import threading

import pytest

from app.database.feedback import FeedbackError, Told, add, live
from app.database.predictions import one, prune, store
from tests.app.records import one_id, record


def tell(database, *told, user_id=None, now=2000.0):
    with database.writing() as connection:
        return add(
            connection, user_id, [Told(one_id(n), row, actual) for n, row, actual in told], now
        )


def test_feedback_is_shown_with_its_prediction(database):
    """What was told stands with the row that it is of."""
    store(database, [record(1, rows=2)])
    assert tell(database, (1, 1, 4.5)) == 1
    with database.reading() as connection:
        assert one(connection, None, one_id(1)).feedback == [
            {"row": 1, "actual": 4.5, "at": 2000.0}
        ]


def test_telling_the_same_again_changes_nothing(database):
    """A repeated request succeeds and is counted once, within a request too."""
    store(database, [record(1)])
    assert tell(database, (1, None, 4.5), (1, 0, 4.5)) == 1
    assert tell(database, (1, 0, 4.5)) == 0


@pytest.mark.parametrize(
    ("told", "status", "item"),
    [
        ([(9, 0, 1.0)], 404, 0),
        ([(1, 0, 1.0), (1, 2, 1.0)], 404, 1),
        ([(1, -1, 1.0)], 404, 0),
        ([(1, None, 1.0)], 409, 0),
        ([(1, 1, 1.0), (1, 1, 2.0)], 409, 1),
        ([(1, 1, 1.0), (2, 0, 9.0)], 409, 1),
        ([(1, 1, 1.0), (3, 0, 9.0)], 404, 1),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_kept(database, told, status, item):
    """Unknown, wrong row, two values, another value than before, another's: all or nothing."""
    store(database, [record(1, rows=2), record(2), record(3, user_id=3)])
    tell(database, (2, 0, 5.0))
    with pytest.raises(FeedbackError) as refused:
        tell(database, *told)
    assert (refused.value.status, refused.value.item) == (status, item)
    with database.reading() as connection:
        assert one(connection, None, one_id(1)).feedback == []


def test_two_who_tell_at_once_do_not_both_win(database):
    """Of different values told at the same moment one is kept, the others are refused."""
    store(database, [record(1)])
    kept, refused = [], []

    def one_tells(value):
        try:
            kept.append(tell(database, (1, 0, value)))
        except FeedbackError as error:
            refused.append(error.status)

    tellers = [threading.Thread(target=one_tells, args=(float(at),)) for at in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert (kept, refused) == ([1], [409] * 3)


def test_live_error_is_that_of_each_version(database):
    """The root of the mean square of what was told, apart for each version."""
    store(database, [record(1), record(2), record(3, version="8")])
    tell(database, (1, 0, 1.0 + 3.0), (2, 0, 2.0 - 4.0), (3, 0, 3.0))
    with database.reading() as connection:
        seven, eight = live(connection)
    assert (seven.version, seven.rows, seven.rmse) == ("7", 2, pytest.approx(math.sqrt(12.5)))
    assert (eight.version, eight.rows, eight.rmse) == ("8", 1, 0.0)


def test_live_error_forgets_what_is_old(database):
    """Only a version's newest thousand true values count, whatever another is told meanwhile."""
    store(database, [record(1, rows=3000), record(2, rows=900, version="8")])
    tell(database, *[(1, row, 1e6) for row in range(1900)], now=1.0)
    tell(database, *[(2, row, 2 + 0.5 * row) for row in range(900)], now=2.0)
    tell(database, *[(1, row, 1 + 0.5 * row) for row in range(2000, 3000)], now=3.0)
    with database.reading() as connection:
        seven, eight = live(connection)
    assert [(each.version, each.rows, each.rmse) for each in (seven, eight)] == [
        ("7", 1000, 0.0),
        ("8", 900, 0.0),
    ]


def test_live_error_looks_at_so_many_rows_and_no_more(database):
    """What is counted every few seconds costs the same whatever a day brings."""
    store(database, [record(1, rows=1, version="8"), record(2, rows=5000)])
    tell(database, (1, 0, 9.0), now=1.0)
    tell(database, *[(2, row, 2 + 0.5 * row) for row in range(5000)], now=2.0)
    with database.reading() as connection:
        (seven,) = live(connection)
    assert (seven.version, seven.rows) == ("7", 1000)


def test_feedback_goes_with_its_prediction(database):
    """Pruned predictions leave no true value behind."""
    store(database, [record(1, at=1.0)])
    tell(database, (1, 0, 2.0))
    prune(database, 2.0)
    with database.reading() as connection:
        assert live(connection) == []
