"""A booster as ONNX: equal to XGBoost, or refused with the reason."""

import numpy as np
import onnxruntime
import pytest
import xgboost as xgb

from training.models.ensemble import mean_of
from training.models.onnx_trees import INPUT, NotExactError, probe, to_onnx

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(2_000, 5)).astype(np.float32)
ROWS[RNG.random(ROWS.shape) < 0.1] = np.nan
TARGET = np.nan_to_num(ROWS).sum(axis=1) + np.sin(3 * np.nan_to_num(ROWS[:, 0])) + 2.0
PLAIN = {"max_depth": 5, "objective": "reg:squarederror", "nthread": 1}


def fitted(rounds: int = 20, target: np.ndarray = TARGET, **params: object) -> xgb.Booster:
    return xgb.train({**PLAIN, **params}, xgb.DMatrix(ROWS, target), rounds)


def by_onnx(booster: xgb.Booster, rows: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(to_onnx(booster), options)
    return session.run(None, {INPUT: rows})[0][:, 0]


@pytest.mark.parametrize(
    "booster",
    [
        fitted(),
        fitted(base_score=7.25),
        fitted(1, num_parallel_tree=50, subsample=0.7, learning_rate=1.0),
        mean_of([fitted(seed=seed, subsample=0.6) for seed in (1, 2, 3)]),
        fitted(objective="reg:absoluteerror"),
        fitted(1, max_depth=1, gamma=1e9),
    ],
    ids=["boosted", "base-score", "forest", "ensemble", "absolute-error", "one-leaf"],
)
def test_answers_are_those_of_xgboost_bit_for_bit(booster):
    """One row or many, missing values included, ONNX Runtime answers what XGBoost answers."""
    expected = booster.inplace_predict(ROWS)
    assert np.array_equal(by_onnx(booster, ROWS), expected)
    one_by_one = [by_onnx_one for row in ROWS[:3] for by_onnx_one in by_onnx(booster, row[None])]
    assert np.array_equal(one_by_one, expected[:3])
    inputs, answers = probe(booster)
    assert np.array_equal(by_onnx(booster, inputs), answers)


def test_probe_reaches_thresholds_and_missing_values():
    """The probe has values that are thresholds, values just below them, and missing ones."""
    booster = fitted()
    inputs, answers = probe(booster)
    assert inputs.shape == (256, 5)
    assert answers.shape == (256,)
    told = booster.trees_to_dataframe()
    splits = told.loc[told["Feature"] == "f0", "Split"].to_numpy(np.float32)
    assert np.isin(inputs[:64, 0], splits).all()
    below = inputs[64:128, 0]
    assert np.isin(np.nextafter(below, np.float32(np.inf)), splits).all()
    assert np.isnan(inputs[192:]).any(axis=1).mean() > 0.5


def test_probe_tells_a_wrong_default_branch():
    """Trees that send missing values to the other side answer the probe differently."""
    inputs, answers = probe(fitted())
    filled = np.nan_to_num(inputs, nan=-1e30)
    assert not np.allclose(fitted().inplace_predict(filled), answers)


@pytest.mark.parametrize(
    ("params", "target", "message"),
    [
        ({"objective": "binary:logistic"}, TARGET > 2, "not the plain sum"),
        ({"booster": "dart"}, TARGET, "its booster is dart"),
        ({"booster": "gblinear", "max_depth": None}, TARGET, "its booster is gblinear"),
        ({}, np.column_stack([TARGET, TARGET]), "2 outputs"),
    ],
)
def test_booster_that_would_not_be_exact_is_refused(params, target, message):
    """Another objective, weighted trees, several outputs: no ONNX, with the reason."""
    chosen = {name: value for name, value in {**PLAIN, **params}.items() if value is not None}
    booster = xgb.train(chosen, xgb.DMatrix(ROWS, target), 2)
    with pytest.raises(NotExactError, match=message):
        to_onnx(booster)


def test_splits_on_categories_are_refused():
    """A booster that splits on a category has no exact ONNX form."""
    kinds = RNG.integers(0, 8, size=(500, 1)).astype(np.float32)
    data = xgb.DMatrix(kinds, kinds[:, 0] % 3, feature_types=["c"], enable_categorical=True)
    booster = xgb.train({**PLAIN, "max_cat_to_onehot": 1}, data, 2)
    with pytest.raises(NotExactError, match="splits on categories"):
        to_onnx(booster)
