"""Which logged rows a retraining uses: enough of them, each once, the newest to judge by."""

import numpy as np
import pytest

from app.database.recent import Labelled
from monitoring.retrainer.rows import RefusalError, collect
from training.gate import row_marks
from training.generate import generate, generate_classes
from training.schema import HOUSING, TWO_FEATURES

NOON = 1795262400.0


def labelled(data, at=None):
    count = len(data.target)
    at = NOON + np.arange(count, dtype=np.float64) if at is None else at
    return Labelled(data.features, data.target, data.target, at, ["1"] * count)


def test_the_newest_fifth_judges_and_a_fifth_of_the_others_stops():
    """No row is in two parts, and what came last is the gate's."""
    houses = generate(3_000)
    collected = collect(HOUSING, labelled(houses))
    assert collected.parts.sizes() == {"train": 1_920, "validation": 480, "test": 600}
    assert np.array_equal(collected.parts.test.rows, houses.features[-600:])
    marks = [row_marks(p.rows, p.target) for p in vars(collected.parts).values()]
    assert len(np.unique(np.concatenate(marks))) == 3_000


def test_few_rows_leave_enough_to_judge_by():
    """A fifth of 500 would be too few for the gate."""
    assert collect(HOUSING, labelled(generate(500))).parts.sizes()["test"] == 200


def test_the_same_rows_are_split_alike():
    """A retraining that begins again judges by the same rows."""
    one, other = (collect(HOUSING, labelled(generate(700))) for _ in range(2))
    assert np.array_equal(one.parts.train.rows, other.parts.train.rows)
    assert one.data.content_hash() == other.data.content_hash()


def test_a_row_that_was_served_again_and_again_counts_once():
    """Or the gate would judge by rows that were fitted; the newest of them stays."""
    houses = generate(600)
    twice = labelled(
        type(houses)(
            np.concatenate([houses.features, houses.features[:100]]),
            np.concatenate([houses.target, houses.target[:100]]),
            *("x", "x"),
        )
    )
    collected = collect(HOUSING, twice)
    assert collected.data.rows == 600
    assert np.array_equal(collected.data.features[-100:], houses.features[:100])
    with pytest.raises(RefusalError, match="100 different rows"):
        collect(HOUSING, labelled(_repeated(houses, 100, 900)))


def _repeated(houses, rows, times):
    picked = np.arange(times) % rows
    return type(houses)(houses.features[picked], houses.target[picked], "x", "x")


@pytest.mark.parametrize("rows", [0, 1, 499])
def test_too_few_rows_are_refused_with_the_number(rows):
    """The reason says how many there are, how many are needed, and where they come from."""
    houses = generate(max(rows, 100))
    few = Labelled(houses.features[:rows], *[houses.target[:rows]] * 3, ["1"] * rows)
    with pytest.raises(RefusalError, match=rf"^{rows} different rows.*at least 500.*/feedback"):
        collect(HOUSING, few)


def test_true_values_that_cannot_be_are_left_out():
    """A price in dollars, or a third class, is a mistake of whoever told it."""
    houses = generate(700)
    houses.target[:150] *= 100_000
    collected = collect(HOUSING, labelled(houses))
    assert collected.data.rows == 550
    classes = generate_classes(700)
    classes.target[:50] = 0.5
    assert collect(TWO_FEATURES, labelled(classes)).data.rows == 650


def test_rows_of_another_model_are_refused():
    """Somebody gave a new model the old name."""
    with pytest.raises(RefusalError, match="2 columns, not the 8 of california-housing"):
        collect(HOUSING, labelled(generate_classes(600)))


def test_the_data_say_where_they_are_from():
    """The run's tag tells a reader how many rows, of which time."""
    collected = collect(HOUSING, labelled(generate(600)))
    assert collected.data.dataset == "logged"
    assert collected.data.source == ("600 logged rows with true values, 2026-11-21 12:00 to 12:09")
    days = collect(HOUSING, labelled(generate(600), NOON + np.arange(600.0) * 3600))
    assert days.data.source.endswith("2026-11-21 12:00 to 2026-12-16 11:00")
