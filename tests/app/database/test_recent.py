"""The newest served and labelled rows: the right ones, in order, of one model and one form."""

import dataclasses

import numpy as np
import pytest

from app.database import recent
from app.database.feedback import Told, add
from app.database.predictions import store
from app.database.recent import labelled, labelled_count, served
from tests.app.records import one_id, record

MODEL = "california-housing"


def tell(database, *told, now=2000.0):
    with database.writing() as connection:
        add(connection, None, [Told(one_id(n), row, actual) for n, row, actual in told], now)


def asked(database, function, *arguments):
    with database.reading() as connection:
        return function(connection, *arguments)


def other_model(number, **details):
    return dataclasses.replace(record(number, **details), model="other")


def narrow(number, at):
    """Three columns, as of a model that had the name before."""
    return dataclasses.replace(record(number, at=at), rows=np.arange(3.0).tobytes())


def test_a_model_without_rows_has_an_empty_window(database):
    """Nothing served is no fault: there are no rows."""
    store(database, [other_model(1)])
    window = asked(database, served, MODEL, 500)
    known = asked(database, labelled, MODEL, 500)
    assert (len(window.rows), len(window.predictions), window.versions) == (0, 0, [])
    assert (len(known.rows), len(known.actual), known.versions) == (0, 0, [])


def test_the_newest_rows_come_oldest_first(database):
    """Each row is there with its own answer, time and version; older ones are not."""
    store(database, [record(at, at=1000.0 + at, version=str(at // 2)) for at in range(6)])
    window = asked(database, served, MODEL, 3)
    assert window.at.tolist() == [1003.0, 1004.0, 1005.0]
    assert window.predictions.tolist() == [3.0, 4.0, 5.0]
    assert window.versions == ["1", "2", "2"]
    assert window.rows.tolist() == [[float(at + n) for n in range(8)] for at in (3, 4, 5)]


@pytest.mark.parametrize("limit", [1, 4, 5, 7, 9, 20])
def test_a_large_request_is_cut_to_its_last_rows(database, limit):
    """Whole requests and a part of the oldest one: as if every row had been a request."""
    store(database, [record(at, rows=rows, at=float(at)) for at, rows in enumerate((3, 4, 1, 4))])
    window = asked(database, served, MODEL, limit)
    everything = [
        [at + 8.0 * row + n for n in range(8)]
        for at, rows in enumerate((3, 4, 1, 4))
        for row in range(rows)
    ]
    assert window.rows.tolist() == everything[-limit:]
    assert len(window.predictions) == len(window.at) == len(window.versions) == min(limit, 12)
    assert window.predictions[-1] == 3 + 0.5 * 3


def test_equal_times_are_in_the_order_of_their_ids(database):
    """Requests of one moment are taken whole and never twice."""
    store(database, [record(at, at=5.0) for at in range(10)])
    assert asked(database, served, MODEL, 4).predictions.tolist() == [6.0, 7.0, 8.0, 9.0]


def test_other_models_and_other_widths_are_left_out(database):
    """A model made anew with other columns is not mixed with what had its name before."""
    store(database, [narrow(1, 1.0), record(2, at=2.0), narrow(3, 3.0), record(4, at=4.0)])
    store(database, [other_model(5, at=9.0)])
    tell(database, *[(n, 0, 1.0) for n in range(1, 6)])
    assert asked(database, served, MODEL, 500).predictions.tolist() == [2.0, 4.0]
    assert asked(database, labelled, MODEL, 500).predicted.tolist() == [2.0, 4.0]


def test_labelled_rows_carry_the_row_that_was_told(database):
    """Of a request with many rows only those with a true value, each with its own values."""
    store(database, [record(1, rows=3, at=1.0), record(2, at=2.0, version="8"), record(3, at=3.0)])
    tell(database, (2, 0, 20.0), now=1.0)
    tell(database, (1, 2, 12.0), (1, 0, 10.0), now=2.0)
    known = asked(database, labelled, MODEL, 500)
    assert known.actual.tolist() == [10.0, 12.0, 20.0]
    assert known.predicted.tolist() == [1.0, 2.0, 2.0]
    assert known.at.tolist() == [1.0, 1.0, 2.0]
    assert known.versions == ["7", "7", "8"]
    assert known.rows.tolist() == [[first + n for n in range(8)] for first in (1.0, 17.0, 2.0)]
    assert asked(database, labelled, MODEL, 2).actual.tolist() == [12.0, 20.0]


def test_counting_ends_where_it_is_enough(database, monkeypatch):
    """A model with millions of true values costs no more than one with some."""
    monkeypatch.setattr(recent, "MOST_COUNTED", 2)
    store(database, [record(1, rows=3)])
    tell(database, (1, 0, 1.0), (1, 1, 1.0), (1, 2, 1.0))
    assert asked(database, labelled_count, MODEL, 0.0) == 2


def test_labelled_rows_are_counted_by_when_they_were_told(database):
    """A late true value of an old prediction counts; another model's does not."""
    store(database, [record(1, rows=3, at=1.0), other_model(2)])
    tell(database, (1, 0, 1.0), now=100.0)
    tell(database, (1, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), now=200.0)
    assert asked(database, labelled_count, MODEL, 0.0) == 3
    assert asked(database, labelled_count, MODEL, 100.0) == 2
    assert asked(database, labelled_count, MODEL, 200.0) == 0
