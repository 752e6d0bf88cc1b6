"""The two candidates: what they are fitted on, and which of them becomes the challenger."""

import numpy as np
import pytest

from app.database.recent import Labelled
from monitoring.retrainer.candidates import RECENT, WITH_BEFORE, best, candidates, fit
from monitoring.retrainer.rows import collect
from training.chosen import Chosen
from training.gate import row_marks
from training.generate import generate
from training.models.interface import Part
from training.schema import HOUSING

CHOSEN = Chosen.of_tags({"recipe": "linear"})


def logged(factor=1.0, rows=1_000):
    houses = generate(rows, seed=5)
    at = np.arange(rows, dtype=np.float64)
    actual = (houses.target * factor).clip(0.02, 9.9)
    return collect(HOUSING, Labelled(houses.features, actual, actual, at, ["1"] * rows)).parts


@pytest.fixture(scope="module")
def before():
    houses = generate(3_000, seed=1)
    return Part(houses.features, houses.target)


def test_one_has_the_rows_from_before_too(before):
    """Both stop and are judged by the same recent rows; only those are to be looked like."""
    recent = logged()
    alone, both = candidates(recent, before)
    assert (alone.name, both.name) == (RECENT, WITH_BEFORE)
    assert alone.parts == recent
    assert alone.reference.all()
    assert len(both.parts.train.target) == 3_000 + len(recent.train.target)
    assert np.array_equal(both.parts.train.rows[both.reference], recent.train.rows)
    assert both.parts.test is recent.test


def test_no_row_of_the_gate_is_fitted_on(before):
    """Rows from before that were served again stay the gate's, and the validation's."""
    recent = logged()
    old = Part(
        np.concatenate([before.rows, recent.test.rows, recent.validation.rows]),
        np.concatenate([before.target, recent.test.target, recent.validation.target]),
    )
    _, both = candidates(recent, old)
    fitted = row_marks(both.parts.train.rows, both.parts.train.target)
    assert not np.isin(fitted, row_marks(recent.test.rows, recent.test.target)).any()
    assert len(fitted) == 3_000 + len(recent.train.target)


def test_a_champion_without_rows_leaves_one_candidate():
    """A version of earlier times did not keep them; or all of them were served again."""
    recent = logged()
    assert [c.name for c in candidates(recent, None)] == [RECENT]
    assert [c.name for c in candidates(recent, recent.train)] == [RECENT]


@pytest.mark.parametrize(("factor", "better"), [(1.6, RECENT), (1.0, WITH_BEFORE)])
def test_validation_rows_say_whether_old_rows_still_help(before, factor, better):
    """Where prices have risen the recent rows alone are better, else more rows are."""
    fitted = {c.name: fit(c, CHOSEN) for c in candidates(logged(factor, 500), before)}
    assert best(fitted) == better
    assert fitted[WITH_BEFORE].reference_rows.sum() == len(fitted[RECENT].parts.train.target)
