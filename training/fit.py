"""Fits XGBoost on the eight raw features and measures it."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost as xgb

from training.data import Floats, Housing, Rows, Split
from training.schema import FEATURE_NAMES

# Chosen by validation RMSE on the published split among three fast settings; 1 s on 2 cores.
PARAMS: dict[str, Any] = {
    "objective": "reg:squarederror",
    "tree_method": "hist",
    "learning_rate": 0.1,
    "max_depth": 7,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "min_child_weight": 5,
    "reg_lambda": 5,
    "seed": 0,
}
MOST_TREES = 1500
PATIENCE_TREES = 50


@dataclass(frozen=True)
class Fitted:
    """A booster cut at its best number of trees, with its figures on data it was not fitted on."""

    booster: xgb.Booster
    trees: int
    metrics: dict[str, float]


def fit(housing: Housing, split: Split, most_trees: int = MOST_TREES) -> Fitted:
    """Fit on the training part, stop early on the validation part, measure once on the test part.

    The metrics are in 100,000 USD (`r2` has no unit).
    """
    train, validation, test = (
        _matrix(housing, rows) for rows in (split.train, split.validation, split.test)
    )
    booster = xgb.train(
        {**PARAMS, "nthread": threads()},
        train,
        num_boost_round=most_trees,
        evals=[(validation, "validation")],
        early_stopping_rounds=PATIENCE_TREES,
        verbose_eval=False,
    )
    trees = booster.best_iteration + 1
    best = booster[:trees]
    metrics = {
        "validation_rmse": rmse(housing.target[split.validation], best.predict(validation)),
        **error_metrics(housing.target[split.test], best.predict(test)),
    }
    return Fitted(best, trees, metrics)


def threads() -> int:
    """Return how many threads to train with: OMP_NUM_THREADS, else every core this process has."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else len(os.sched_getaffinity(0))


def rmse(true: Floats, predicted: Floats) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((true - predicted) ** 2)))


def error_metrics(true: Floats, predicted: Floats) -> dict[str, float]:
    """Return the figures of the test part: RMSE, mean absolute error, R squared."""
    spread = float(np.var(true))
    return {
        "test_rmse": rmse(true, predicted),
        "test_mae": float(np.mean(np.abs(true - predicted))),
        "test_r2": 1.0 - float(np.mean((true - predicted) ** 2)) / spread,
    }


def _matrix(housing: Housing, rows: Rows) -> xgb.DMatrix:
    names = list(FEATURE_NAMES)
    return xgb.DMatrix(housing.features[rows], housing.target[rows], feature_names=names)
