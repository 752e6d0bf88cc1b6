"""Times batch prediction and weighs it: rows a minute, and memory as rows grow."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.own_process import Figures, figures, peak_mb
from training.batch import predict
from training.champion import Opened, Version
from training.generate import generate
from training.models import store
from training.models.recipes import RECIPES
from training.schema import FEATURE_NAMES, HOUSING
from training.storage import locate
from training.trained import fit, split

ROWS = (200_000, 1_000_000, 4_000_000)
MODELS = ("xgboost", "xgboost-geo")


def run(folder: Path) -> dict[str, Figures]:
    """Predict generated rows from Parquet to Parquet, each time in a process of its own.

    Parameters
    ----------
    folder
        An empty folder for models and rows.

    Returns
    -------
    dict
        By model and number of rows: `rows_per_minute` and `peak_mb`.
    """
    parts = split(generate())
    for name in MODELS:
        recipe = RECIPES[name]
        model = fit(recipe, recipe.profiles["default"], parts, 0).model
        (folder / name).mkdir()
        store.save(model, HOUSING, parts.test.rows[:5], folder / name)
    found: dict[str, Figures] = {}
    for rows in ROWS:
        columns = dict(zip(FEATURE_NAMES, generate(rows, 1).features.T, strict=True))
        pq.write_table(pa.table(columns), folder / "in.parquet")
        for name in MODELS:
            found[f"{name}, {rows:,} rows"] = figures("benchmarks.batch_predict", str(folder), name)
            print(f"{rows:>9,} rows, {name}: {found[f'{name}, {rows:,} rows']}", flush=True)
    return found


def _measure(folder: Path, name: str) -> Figures:
    model = folder / name
    opened = Opened(store.load(model), np.empty(0, np.uint64), store.columns(model))
    version = Version(HOUSING.name, "1", "", str(model), {})
    source, target = (locate(str(folder / file)) for file in ("in.parquet", "out.parquet"))
    done = predict(version, opened, source, target)
    return {"rows_per_minute": done["rows_per_minute"], "peak_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]), sys.argv[2])))
