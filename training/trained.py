"""Fits a recipe on the published split, and measures what came out of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data import Dataset, published_split
from training.evaluate import error_metrics
from training.gate import row_marks
from training.models.interface import Model, OnRound, Params, Part, Recipe


@dataclass(frozen=True)
class Parts:
    """The data's three parts."""

    train: Part
    validation: Part
    test: Part

    def sizes(self) -> dict[str, int]:
        """Return the number of rows by part."""
        return {name: len(part.target) for name, part in vars(self).items()}


@dataclass(frozen=True)
class Trained:
    """A fitted model, what it was made of, and its figures on data it was not fitted on.

    `seen` marks the rows that decided on it, for fitting or for stopping: see `training.gate`.
    `reference_rows` tells which rows for fitting, (rows,), today's traffic is to look like: None
    for all; a model of old and recent rows names the recent ones, or its traffic had drifted from
    the first day on.
    """

    recipe: Recipe
    params: Params
    parts: Parts
    model: Model
    metrics: Mapping[str, float]
    seen: npt.NDArray[np.uint64]
    reference_rows: npt.NDArray[np.bool_] | None = None


def split(data: Dataset) -> Parts:
    """Return the three parts as the published results have them."""
    rows = published_split(len(data.target))
    return Parts(*(Part.of(data, part) for part in (rows.train, rows.validation, rows.test)))


def fit(
    recipe: Recipe, params: Params, parts: Parts, seed: int, on_round: OnRound | None = None
) -> Trained:
    """Fit on the training part, stop early on the validation part, measure once on the test part.

    The metrics are in the target's unit.
    """
    model = recipe.fit(parts.train, parts.validation, params, seed, on_round)
    metrics = {
        f"{name}_{figure}": value
        for name, part in (("validation", parts.validation), ("test", parts.test))
        for figure, value in error_metrics(
            recipe.problem, part.target, model.predict(part.rows)
        ).items()
    }
    seen = np.concatenate([row_marks(p.rows, p.target) for p in (parts.train, parts.validation)])
    return Trained(recipe, params, parts, model, {**metrics, **model.figures}, seen)
