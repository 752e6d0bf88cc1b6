"""Which inputs a model uses: gain, and SHAP values by XGBoost itself."""

from dataclasses import dataclass

import numpy as np

from training.data import Floats
from training.models.boosted import Boosted
from training.models.interface import Model

ROWS = 200
"""Enough for a ranking; SHAP values of all rows would take longer than the fit."""


@dataclass(frozen=True)
class Importance:
    """The inputs of a model with what they do.

    Parameters
    ----------
    names
        The inputs, the one of the largest mean |SHAP| first.
    gain
        (inputs,), mean gain of the splits on each.
    shap
        (rows, inputs), SHAP values in the target's unit.
    values
        (rows, inputs), the inputs themselves.
    """

    names: list[str]
    gain: Floats
    shap: Floats
    values: Floats

    def as_dict(self) -> dict[str, dict[str, float]]:
        """Return the figures by input, for a file."""
        mean = np.abs(self.shap).mean(axis=0)
        return {
            name: {"mean_abs_shap": float(shap), "gain": float(gain)}
            for name, shap, gain in zip(self.names, mean, self.gain, strict=True)
        }


def importance(model: Model, rows: Floats) -> Importance | None:
    """Return it for models of trees; None for others, whose weights say it."""
    if not isinstance(model, Boosted):
        return None
    rows = rows[:ROWS]
    shap, values = model.contributions(rows), model.inputs(rows)
    names = list(model.booster.feature_names or [])
    gains = model.booster.get_score(importance_type="gain")
    gain = np.array([gains.get(name, 0.0) for name in names], dtype=np.float64)
    order = np.argsort(-np.abs(shap).mean(axis=0))
    return Importance([names[at] for at in order], gain[order], shap[:, order], values[:, order])
