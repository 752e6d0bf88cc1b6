"""Reference statistics: what the training data looked like, for drift to be measured against."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.data import Floats
from training.rows import TrainingRows
from training.trained import Trained

REFERENCE_FILE = "reference.json"
DECILES = np.linspace(0.0, 1.0, 11)


def reference_statistics(
    names: Sequence[str], features: Floats, target: Floats, predicted: Floats
) -> dict[str, Any]:
    """Return the eleven decile edges (minimum to maximum) of every feature, target and prediction.

    Parameters
    ----------
    features
        (rows, columns), the training rows; `names` are the columns'.
    target, predicted
        (rows,), in the target's unit.
    """
    columns = {
        name: np.quantile(values, DECILES).tolist()
        for name, values in zip(names, features.T, strict=True)
    }
    return {
        "rows": len(target),
        "features": columns,
        "target": np.quantile(target, DECILES).tolist(),
        "prediction": np.quantile(predicted, DECILES).tolist(),
    }


def reference_of(rows: TrainingRows) -> dict[str, Any]:
    """Return the statistics of the rows that today's traffic is to look like."""
    mine = rows.of_reference()
    return reference_statistics(mine.columns, mine.rows, mine.target, mine.prediction)


def training_rows(trained: Trained) -> TrainingRows:
    """Return the rows that a model was fitted on, with what it predicts for them."""
    train, names = trained.parts.train, trained.recipe.problem.column_names
    reference = trained.reference_rows
    if reference is None:
        reference = np.ones(len(train.target), np.bool_)
    return TrainingRows(
        names, train.rows, train.target, trained.model.predict(train.rows), reference
    )
