"""Linear and logistic regression: baselines, and the classifier of the two-feature set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from training.data import Floats
from training.models.interface import OnRound, Params, Part

KIND = "linear"
FILE = "model.json"

STEPS = 50
CONVERGED = 1e-10


@dataclass(frozen=True)
class Linear:
    """A weighted sum of the columns: as it is and kept in `bounds`, or as a class 0 or 1."""

    weights: Floats
    intercept: float
    bounds: tuple[float, float] | None = None
    history: Mapping[str, list[float]] = field(default_factory=dict)

    kind = KIND

    @property
    def figures(self) -> dict[str, float]:
        """The number of coefficients."""
        return {"coefficients": float(len(self.weights) + 1)}

    def predict(self, rows: Floats) -> Floats:
        """Return one prediction a row."""
        total = rows @ self.weights + self.intercept
        if self.bounds is None:
            # The logistic function passes one half where the sum passes zero.
            return (total > 0).astype(np.float64)
        return np.clip(total, *self.bounds)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the coefficients as JSON."""
        saved = {"weights": self.weights.tolist(), "intercept": self.intercept}
        (folder / FILE).write_text(json.dumps(saved))
        return {"bounds": None if self.bounds is None else list(self.bounds)}

    @classmethod
    def load(cls, folder: Path, described: Mapping[str, Any]) -> Self:
        """Open what `save` wrote."""
        saved = json.loads((folder / FILE).read_text())
        bounds = described["bounds"]
        return cls(np.array(saved["weights"]), saved["intercept"], bounds and tuple(bounds))


def fit_linear(
    train: Part,
    validation: Part,  # noqa: ARG001 - one step: nothing to stop early
    params: Params,  # noqa: ARG001 - least squares has none
    seed: int,  # noqa: ARG001 - nor chance
    on_round: OnRound | None = None,  # noqa: ARG001
) -> Linear:
    """Fit by least squares."""
    solved = np.linalg.lstsq(_with_one(train.rows), train.target, rcond=None)[0]
    bounds = (float(train.target.min()), float(train.target.max()))
    return Linear(np.asarray(solved[:-1], dtype=np.float64), float(solved[-1]), bounds)


def fit_logistic(
    train: Part,
    validation: Part,  # noqa: ARG001 - see `fit_linear`
    params: Params,
    seed: int,  # noqa: ARG001
    on_round: OnRound | None = None,
) -> Linear:
    """Fit the probability of class 1 by Newton's method, with `ridge` as penalty on the weights.

    The columns are standardised for it, and the weights turned back to the columns' own units.
    """
    mean, scale = train.rows.mean(axis=0), train.rows.std(axis=0)
    inputs = _with_one((train.rows - mean) / scale)
    penalty = np.diag([float(params["ridge"])] * len(mean) + [0.0])
    solved = np.zeros(len(mean) + 1)
    losses: list[float] = []
    for step in range(STEPS):
        total = inputs @ solved
        chance = 1.0 / (1.0 + np.exp(-total))
        # The negative log-likelihood of a row, written so that it does not overflow.
        losses.append(float(np.mean(np.logaddexp(0.0, total) - train.target * total)))
        if on_round is not None:
            on_round(step, losses[-1])
        slope = inputs.T @ (chance - train.target) + penalty @ solved
        curvature = (inputs * (chance * (1.0 - chance))[:, None]).T @ inputs + penalty
        change = np.linalg.solve(curvature, slope)
        solved -= change
        if np.abs(change).max() < CONVERGED:
            break
    weights = solved[:-1] / scale
    return Linear(weights, float(solved[-1] - weights @ mean), None, {"train_log_loss": losses})


def _with_one(rows: Floats) -> Floats:
    return np.hstack([rows, np.ones((len(rows), 1))])
