"""The replay: it says what a challenger would change, and refuses one that predicts no numbers."""

import numpy as np
import pytest

from monitoring.retrainer.replay import replay
from training.generate import generate
from training.models.interface import Part
from training.schema import HOUSING

DATA = generate(600)
ROWS, LABELLED = DATA.features[:400], Part(DATA.features[400:], DATA.target[400:])


class Says:
    """A model whose predictions are a function of the rows."""

    kind, history, figures = "says", {}, {}

    def __init__(self, function):
        self.predict = function

    def save(self, folder):
        raise AssertionError(folder)


INCOME = Says(lambda rows: rows[:, 0] / 2)
DEAR_NORTH = Says(lambda rows: rows[:, 0] / 2 + np.where(rows[:, 6] > 36, 1.5, 0.0))
CHAMPION = ("champion 3", INCOME)


def test_the_rows_that_change_most_come_first():
    """The largest change is named with its row and both predictions, and no more than twenty."""
    other = Says(lambda rows: rows[:, 0] / 2 + np.where(rows[:, 0] == ROWS[7, 0], -3.0, 0.25))
    found = replay(HOUSING, CHAMPION, other, ROWS, LABELLED)
    assert found.refusal is None
    assert len(found.largest) == 20
    first = found.largest[0]
    assert first.row == tuple(ROWS[7])
    assert first.champion == pytest.approx(ROWS[7, 0] / 2)
    assert first.challenger - first.champion == pytest.approx(-3.0)
    assert found.metrics["replay_change_size_max"] == pytest.approx(3.0)
    assert found.metrics["replay_rows"] == 400
    assert np.median(found.changes) == pytest.approx(0.25)


def test_segments_say_where_the_challenger_is_worse():
    """Both models' errors stand side by side on the same quarters of the labelled rows."""
    found = replay(HOUSING, CHAMPION, DEAR_NORTH, ROWS, LABELLED)
    latitude = [pair for pair in found.segments if pair.challenger.column == "Latitude"]
    south, north = latitude[0], latitude[-1]
    assert (south.champion.low, south.champion.rows) == (
        south.challenger.low,
        south.challenger.rows,
    )
    assert south.challenger.rmse == pytest.approx(south.champion.rmse)
    assert north.challenger.bias == pytest.approx(north.champion.bias + 1.5)
    assert found.metrics["replay_segments_worse"] > 0
    assert replay(HOUSING, CHAMPION, INCOME, ROWS, LABELLED).metrics["replay_segments_worse"] == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_prediction_that_is_no_number_refuses(value):
    """One such row of all is enough, be it logged or labelled; the reason has it and the page."""
    for row in (ROWS[5], LABELLED.rows[3]):
        broken = Says(
            lambda rows, row=row: np.where((rows == row).all(axis=1), value, rows[:, 0] / 2)
        )
        found = replay(HOUSING, CHAMPION, broken, ROWS, LABELLED)
        assert "1 of 600" in found.refusal
        assert str(row[0]) in found.refusal
        assert found.metrics == {}
        assert found.refusal in found.html()


def test_latency_is_told_for_one_row_and_for_many():
    """Each has a median and a 99th percentile of both models, in milliseconds."""
    sizes = []

    def predict(rows):
        sizes.append(len(rows))
        return rows[:, 0] / 2

    metrics = replay(HOUSING, CHAMPION, Says(predict), ROWS, LABELLED).metrics
    assert {1, 1_000} <= set(sizes)
    for rows in (1, 1_000):
        for model in ("", "champion_"):
            p50, p99 = (metrics[f"replay_{model}{rows}_rows_{q}_ms"] for q in ("p50", "p99"))
            assert 0 < p50 <= p99


def test_the_page_has_every_part():
    """A person sees the changes, the rows, the segments and the times, with the units."""
    page = replay(HOUSING, CHAMPION, DEAR_NORTH, ROWS, LABELLED).html()
    assert "champion 3" in page
    assert page.count("data:image/png") == 1
    for part in ("What changes most", "Errors by segment", "Milliseconds", HOUSING.target.unit):
        assert part in page
