"""Times training as rows grow, and weighs it, next to bare XGBoost on the same rows."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.own_process import Figures, figures, peak_mb
from training.generate import generate
from training.schema import FEATURE_NAMES, TARGET
from training.storage import locate

REPEATS = {20_000: 5, 200_000: 3, 2_000_000: 2}
"""How often each number of rows is trained on, all ways in turn: the least of each figure counts,
as other processes only ever add."""

TREES = 100
"""For all alike: early stopping would compare different amounts of work."""


def run(folder: Path) -> dict[str, dict[str, Figures]]:
    """Train on generated rows, each way in a process of its own.

    Parameters
    ----------
    folder
        An empty folder for the rows.

    Returns
    -------
    dict
        By number of rows and way: `seconds`, `cpu_seconds` and `peak_mb` from reading the file to
        the test RMSE, without the interpreter's start and imports.
    """
    found: dict[str, dict[str, Figures]] = {}
    for rows, repeats in REPEATS.items():
        file = folder / f"{rows}.parquet"
        _write(rows, file)
        runs = [
            {way: figures("benchmarks.training_scale", way, str(file)) for way in WAYS}
            for _ in range(repeats)
        ]
        found[f"{rows:,}"] = {way: _least([run[way] for run in runs]) for way in WAYS}
        for way, measured in found[f"{rows:,}"].items():
            print(f"{rows:>9,} rows, {way}: {measured}", flush=True)
        file.unlink()
    return found


def _least(runs: Sequence[Figures]) -> Figures:
    return {name: min(figures[name] for figures in runs) for name in runs[0]}


def _write(rows: int, file: Path) -> None:
    housing = generate(rows)
    columns = dict(zip(FEATURE_NAMES, housing.features.T, strict=True))
    pq.write_table(pa.table({**columns, TARGET.name: housing.target}), file)


def _bare(file: str) -> Callable[[], float]:
    """Return what one writes without this project: no checks, no content hash, no clipping."""
    import numpy as np  # noqa: PLC0415
    import xgboost as xgb  # noqa: PLC0415

    from training.data import published_split  # noqa: PLC0415
    from training.models.boosted import OWN_PARAMS, threads  # noqa: PLC0415

    def train() -> float:
        table = pq.read_table(file)
        rows = np.column_stack([table.column(name).to_numpy() for name in FEATURE_NAMES])
        target = table.column(TARGET.name).to_numpy()
        split = published_split(len(target))
        known = xgb.DMatrix(rows[split.train], target[split.train])
        watched = xgb.DMatrix(rows[split.validation], target[split.validation])
        params = {name: value for name, value in _params().items() if name not in OWN_PARAMS}
        booster = xgb.train(
            {**params, "nthread": threads(), "seed": 0},
            known,
            num_boost_round=TREES,
            evals=[(watched, "validation")],
            verbose_eval=False,
        )
        predicted = booster.predict(xgb.DMatrix(rows[split.test]))
        return float(np.sqrt(np.mean((target[split.test] - predicted) ** 2)))

    return train


def _memory(file: str) -> Callable[[], float]:
    """Return what `python -m training.train --model xgboost` does, without MLflow."""
    from training import trained  # noqa: PLC0415
    from training.data import read_housing  # noqa: PLC0415
    from training.models.recipes import RECIPES  # noqa: PLC0415

    def train() -> float:
        data = read_housing(locate(file))
        data.content_hash()
        fitted = trained.fit(RECIPES["xgboost"], _params(), trained.split(data), 0)
        return fitted.metrics["test_rmse"]

    return train


def _external(file: str) -> Callable[[], float]:
    """Return what it does with `--engine external`."""
    from training import external  # noqa: PLC0415
    from training.models.recipes import RECIPES  # noqa: PLC0415

    def train() -> float:
        found = external.survey(locate(file))
        return external.fit(found, RECIPES["xgboost"], _params(), 0).metrics["test_rmse"]

    return train


def _params() -> dict[str, object]:
    from training.models.recipes import RECIPES  # noqa: PLC0415

    return {**RECIPES["xgboost"].profiles["default"], "most_trees": TREES, "patience_trees": None}


BARE = "bare XGBoost"
WAYS = {BARE: _bare, "--engine memory": _memory, "--engine external": _external}


def _measure(way: str, file: str) -> Figures:
    import numpy as np  # noqa: PLC0415
    import xgboost as xgb  # noqa: PLC0415

    # What XGBoost imports when it is first used is no cost of either way.
    xgb.train({}, xgb.DMatrix(np.zeros((10, 1)), np.zeros(10)), 1)
    train = WAYS[way](file)
    begun, spent = time.perf_counter(), time.process_time()
    rmse = train()
    return {
        "seconds": round(time.perf_counter() - begun, 2),
        "cpu_seconds": round(time.process_time() - spent, 2),
        "peak_mb": peak_mb(),
        "test_rmse": round(rmse, 4),
    }


if __name__ == "__main__":
    print(json.dumps(_measure(*sys.argv[1:])))
