"""What may become the challenger: a model of the recent rows, and one of those from before too.

Where the world has changed (prices rose), old rows mislead; where only the traffic has moved
(other districts), they still help. The validation rows say which it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from monitoring.retrainer.rows import SEED
from training import trained
from training.chosen import Chosen
from training.gate import row_marks
from training.models.interface import Part
from training.trained import Parts, Trained

RECENT = "recent"
WITH_BEFORE = "recent and before"


@dataclass(frozen=True)
class Candidate:
    """Rows to fit on; `reference` marks those that the coming traffic is to look like."""

    name: str
    parts: Parts
    reference: npt.NDArray[np.bool_]


def candidates(recent: Parts, before: Part | None) -> tuple[Candidate, ...]:
    """Return what is to be fitted.

    Parameters
    ----------
    before
        The rows that the champion was trained on, where its version has them.
    """
    count = len(recent.train.target)
    alone = Candidate(RECENT, recent, np.ones(count, np.bool_))
    old = None if before is None else _not_in(before, recent)
    if old is None or not len(old.target):
        return (alone,)
    both = Part(
        np.concatenate([old.rows, recent.train.rows]),
        np.concatenate([old.target, recent.train.target]),
    )
    reference = np.concatenate([np.zeros(len(old.target), np.bool_), alone.reference])
    return alone, Candidate(WITH_BEFORE, replace(recent, train=both), reference)


def fit(candidate: Candidate, chosen: Chosen) -> Trained:
    """Fit the recipe on the candidate's rows."""
    fitted = trained.fit(chosen.recipe, chosen.params, candidate.parts, SEED)
    return replace(fitted, reference_rows=candidate.reference)


def best(fitted: Mapping[str, Trained]) -> str:
    """Return the name of the candidate with the lowest validation RMSE."""
    return min(fitted, key=lambda name: fitted[name].metrics["validation_rmse"])


def _not_in(before: Part, recent: Parts) -> Part:
    """Return the rows from before without those that the gate or the validation has."""
    held = [row_marks(part.rows, part.target) for part in vars(recent).values()]
    new = ~np.isin(row_marks(before.rows, before.target), np.concatenate(held))
    return Part(before.rows[new], before.target[new])
