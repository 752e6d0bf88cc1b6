"""The training rows that travel with a version: whole, sampled alike, never pickled."""

import dataclasses
import io
import subprocess
import sys

import numpy as np
import pytest

from training.rows import TrainingRows

COUNT = 300
VALUES = np.random.default_rng(0).normal(size=(COUNT, 4))
ROWS = TrainingRows(
    ("a", "b"), VALUES[:, :2], VALUES[:, 2], VALUES[:, 3], np.arange(COUNT) >= COUNT - 50
)


def same(one, other):
    return one.columns == other.columns and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("rows", "target", "prediction", "reference")
    )


def test_rows_come_back_as_they_were():
    """Every bit of every value survives the file, and which rows are the reference."""
    assert same(TrainingRows.from_bytes(ROWS.to_bytes()), ROWS)


def test_reference_is_the_part_that_was_named():
    """Of old and recent rows only the recent ones are what today is compared with."""
    mine = ROWS.of_reference()
    assert np.array_equal(mine.rows, VALUES[-50:, :2])
    assert np.array_equal(mine.prediction, VALUES[-50:, 3])
    assert mine.reference.all()


def test_sample_is_the_same_each_time_and_keeps_rows_together():
    """Few rows stay as they are; of many each is there once, with its own values."""
    assert ROWS.sampled(COUNT) is ROWS
    drawn = ROWS.sampled(100)
    assert same(drawn, ROWS.sampled(100))
    assert not same(drawn, ROWS.sampled(100, seed=1))
    places = [np.flatnonzero(VALUES[:, 0] == value).item() for value in drawn.rows[:, 0]]
    assert places == sorted(set(places))
    assert len(places) == 100
    assert np.array_equal(drawn.target, VALUES[places, 2])
    assert np.array_equal(drawn.reference, ROWS.reference[places])


def damaged() -> dict[str, bytes]:
    whole, pickled = ROWS.to_bytes(), io.BytesIO()
    np.savez(pickled, columns=np.array(["a"]), rows=np.array([print], dtype=object))
    return {
        "empty": b"",
        "cut off": whole[: len(whole) // 2],
        "one bit": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
        "pickled": pickled.getvalue(),
        "a column short": dataclasses.replace(ROWS, rows=VALUES[:, :1]).to_bytes(),
        "a row short": dataclasses.replace(ROWS, target=VALUES[1:, 2]).to_bytes(),
        "no reference": dataclasses.replace(ROWS, reference=np.zeros(COUNT, np.bool_)).to_bytes(),
    }


@pytest.mark.parametrize("fault", damaged())
def test_what_is_damaged_is_refused(fault):
    """A damaged or foreign file is one error, and runs no code."""
    with pytest.raises(ValueError, match="training rows"):
        TrainingRows.from_bytes(damaged()[fault])


def test_reading_rows_takes_nothing_heavy_into_memory():
    """Who only watches drift imports no data frame, no columnar format and no model."""
    code = "import sys, training.rows; print([m for m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [name for name in ("pandas", "pyarrow", "xgboost", "scipy") if name in found.stdout]
