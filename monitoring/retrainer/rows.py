"""Pure: which logged rows are fitted on, which stop the fit, and which judge it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from app.database.recent import Labelled
from monitoring.retrainer.policy import GATE_SHARE, LEAST_GATE_ROWS, LEAST_ROWS
from training.data import Dataset
from training.gate import LOGGED, row_marks
from training.models.interface import Part
from training.schema import Problem
from training.trained import Parts

SEED = 0


class RefusalError(Exception):
    """Why there is no challenger: a reason for people."""


@dataclass(frozen=True)
class Collected:
    """The rows of a retraining.

    Attributes
    ----------
    data
        All of them, the oldest first.
    parts
        For fitting, for stopping, and, the newest ones, for the gate.
    """

    data: Dataset
    parts: Parts


def collect(problem: Problem, labelled: Labelled) -> Collected:
    """Choose among the newest rows with true values.

    A row that stands there several times counts once: or the gate would judge by what was fitted.

    Raises
    ------
    RefusalError
        There are too few of them, or they are of another model.
    """
    columns = len(problem.columns)
    if len(labelled.actual) and labelled.rows.shape[1] != columns:
        message = (
            f"the newest logged rows have {labelled.rows.shape[1]} columns, not the {columns} "
            f"of {problem.name}"
        )
        raise RefusalError(message)
    chosen = _usable(problem, labelled)
    if len(chosen) < LEAST_ROWS:
        message = (
            f"{len(chosen):,} different rows with plausible true values are too few: at least "
            f"{LEAST_ROWS} are needed; POST /feedback tells true values"
        )
        raise RefusalError(message)
    data = Dataset(
        labelled.rows[chosen], labelled.actual[chosen], LOGGED, _source(labelled.at[chosen])
    )
    return Collected(data, split(data))


def split(data: Dataset) -> Parts:
    """Return the newest fifth for the gate, and of the others a random fifth to stop the fit."""
    gate = max(int(data.rows * GATE_SHARE), LEAST_GATE_ROWS)
    order = np.random.default_rng(SEED).permutation(data.rows - gate)
    held_out = -(-len(order) // 5)
    return Parts(
        train=Part.of(data, np.sort(order[held_out:])),
        validation=Part.of(data, np.sort(order[:held_out])),
        test=Part.of(data, np.arange(data.rows - gate, data.rows)),
    )


def _usable(problem: Problem, labelled: Labelled) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the numbers of the rows that can be used, of several alike the newest."""
    target, actual = problem.target, labelled.actual
    if not len(actual):
        return np.empty(0, np.intp)
    plausible = (actual >= target.low) & (actual <= target.high)
    if problem.classes:
        plausible &= np.isin(actual, problem.classes)
    marks = row_marks(labelled.rows, actual)
    _, last = np.unique(marks[::-1], return_index=True)
    newest = np.sort(len(marks) - 1 - last)
    return newest[plausible[newest]]


def _source(at: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    first, last = (datetime.fromtimestamp(float(t), UTC) for t in (at.min(), at.max()))
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{len(at):,} logged rows with true values, {first:%Y-%m-%d %H:%M} to {end}"
