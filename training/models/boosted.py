"""Boosted trees and forests by XGBoost, on the raw columns or on the geographic features."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import xgboost as xgb

from training import features
from training.data import Floats
from training.errors import TrainingError
from training.models.ensemble import mean_of
from training.models.interface import OnRound, Params, Part
from training.models.onnx_trees import NotExactError, probe, to_onnx

KIND = "xgboost"
BOOSTER_FILE = "model.ubj"
ONNX_FILE = "model.onnx"
PROBE_FILE = "probe.npz"
CODE_FILE = "features.py"
ROWS_FILE = "neighbours.npz"

OWN_PARAMS = {"most_trees", "patience_trees", "geographic", "members"}
"""Those that are not XGBoost's: see `fit`."""


@dataclass(frozen=True)
class Boosted:
    """A booster, cut at its best number of trees, with the features that it wants.

    Predictions stay within `bounds`, the lowest and highest target that it was fitted on: prices
    in the data are capped, and trees that correct each other overshoot.
    """

    booster: xgb.Booster
    bounds: tuple[float, float]
    geography: features.GeographicFeatures | None = None
    history: Mapping[str, list[float]] = field(default_factory=dict)

    kind = KIND

    @property
    def figures(self) -> dict[str, float]:
        """The number of trees."""
        told = json.loads(self.booster.save_config())["learner"]["gradient_booster"]
        return {"trees": float(told["gbtree_model_param"]["num_trees"])}

    def predict(self, rows: Floats) -> Floats:
        """Return one prediction a row."""
        raw = self.booster.inplace_predict(self.inputs(rows))
        return np.clip(np.asarray(raw, dtype=np.float64), *self.bounds)

    def inputs(self, rows: Floats) -> Floats:
        """Return what the trees see: the rows, or their geographic features."""
        return rows if self.geography is None else self.geography.transform(rows)

    def contributions(self, rows: Floats) -> Floats:
        """Return each input's SHAP value in each row's prediction, (rows, inputs)."""
        matrix = xgb.DMatrix(self.inputs(rows), feature_names=self.booster.feature_names)
        found = self.booster.predict(matrix, pred_contribs=True)
        return np.asarray(found[:, :-1], dtype=np.float64)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the booster; with geography its code and the rows that neighbours come from.

        Beside it, where that is exact, the same trees as ONNX with probe inputs and XGBoost's
        answers to them, so that a server can tell that both are the same without XGBoost.
        """
        self.booster.save_model(folder / BOOSTER_FILE)
        described: dict[str, Any] = {"bounds": list(self.bounds), "onnx": self._save_onnx(folder)}
        if self.geography is not None:
            (folder / CODE_FILE).write_bytes(Path(features.__file__).read_bytes())
            with (folder / ROWS_FILE).open("wb") as file:
                self.geography.save(file)
            described["features"] = {"code": CODE_FILE, "rows": ROWS_FILE}
        return described

    def _save_onnx(self, folder: Path) -> dict[str, str]:
        try:
            model = to_onnx(self.booster)
        except NotExactError as error:
            return {"missing": str(error)}
        inputs, answers = probe(self.booster)
        (folder / ONNX_FILE).write_bytes(model)
        np.savez_compressed(folder / PROBE_FILE, inputs=inputs, answers=answers)
        # A server may not open the booster before it is needed: so it can tell that it is whole.
        digest = hashlib.sha256((folder / BOOSTER_FILE).read_bytes()).hexdigest()
        return {"model": ONNX_FILE, "probe": PROBE_FILE, "booster_sha256": digest}

    @classmethod
    def load(cls, folder: Path, described: Mapping[str, Any]) -> Self:
        """Open what `save` wrote."""
        booster = xgb.Booster({"nthread": threads()})
        booster.load_model(folder / BOOSTER_FILE)
        low, high = described.get("bounds", (-np.inf, np.inf))
        geography = None
        if "features" in described:
            with (folder / ROWS_FILE).open("rb") as file:
                geography = features.load(file)
        return cls(booster, (low, high), geography)


def fit(
    train: Part,
    validation: Part,
    params: Params,
    seed: int,
    on_round: OnRound | None = None,
) -> Boosted:
    """Fit trees, and stop when the validation part has not improved for `patience_trees`.

    Beside XGBoost's own, `params` has `most_trees`, `patience_trees`, `geographic` (use the 57
    features) and `members` (the mean of so many boosters, each with its own seed and folds).
    """
    geography = None
    wanted = validation.rows
    if params.get("geographic"):
        geography = features.GeographicFeatures(train.rows, train.target)
        wanted = geography.transform(validation.rows)
    names = list(features.NAMES if geography else features.RAW)
    watched = xgb.DMatrix(wanted, validation.target, feature_names=names)
    boosters: list[xgb.Booster] = []
    history: dict[str, list[float]] = {}
    for member in range(int(params.get("members", 1))):
        rows = train.rows
        if geography is not None:
            rows = geography.transform_training_rows(seed + member)
        known = xgb.DMatrix(rows, train.target, feature_names=names)
        booster, curves = boost(known, watched, params, seed + member, on_round)
        boosters.append(booster)
        suffix = f"_{member}" if member else ""
        history |= {f"{name}{suffix}": curve for name, curve in curves.items()}
    whole = boosters[0] if len(boosters) == 1 else mean_of(boosters)
    whole.feature_names = names
    whole.set_param({"nthread": threads()})
    bounds = (float(train.target.min()), float(train.target.max()))
    return Boosted(whole, bounds, geography, history)


def boost(
    known: xgb.DMatrix,
    watched: xgb.DMatrix,
    params: Params,
    seed: int,
    on_round: OnRound | None = None,
) -> tuple[xgb.Booster, dict[str, list[float]]]:
    """Return a booster, cut off where it was best on `watched`, and its curves by name.

    Raises
    ------
    TrainingError
        XGBoost refuses the settings.
    """
    own = {name: value for name, value in params.items() if name not in OWN_PARAMS}
    curves: dict[str, dict[str, list[float]]] = {}
    try:
        booster = xgb.train(
            {"nthread": threads(), "seed": seed, **own},
            known,
            num_boost_round=int(params["most_trees"]),
            evals=[(known, "train"), (watched, "validation")],
            early_stopping_rounds=params.get("patience_trees"),
            evals_result=curves,
            verbose_eval=False,
            callbacks=[_Report(on_round)] if on_round else None,
        )
    except xgb.core.XGBoostError as error:
        # Its message is a line of what is wrong, then a stack of its own.
        lines = [line for line in str(error).splitlines() if line.strip()]
        message = f"XGBoost refuses the settings: {lines[0]}"
        raise TrainingError(message) from error
    if params.get("patience_trees"):
        booster = booster[: booster.best_iteration + 1]
    return booster, {f"{part}_rmse": curve["rmse"] for part, curve in curves.items()}


class _Report(xgb.callback.TrainingCallback):
    """Tells a caller the validation loss after each round."""

    def __init__(self, on_round: OnRound) -> None:
        super().__init__()
        self._on_round = on_round

    def after_iteration(
        self,
        model: xgb.Booster,  # noqa: ARG002 - XGBoost's signature
        epoch: int,
        evals_log: dict[str, dict[str, Any]],
    ) -> bool:
        """Tell it, and go on."""
        self._on_round(epoch, evals_log["validation"]["rmse"][-1])
        return False


def threads() -> int:
    """Return how many threads to train with: OMP_NUM_THREADS, else every core this process has."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else len(os.sched_getaffinity(0))
