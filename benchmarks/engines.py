"""Times the two engines on one core, from one row to a thousand, and finds where they cross.

They are compared as the service calls them (app/engines.py), without a server around them.
"""

import time
from collections.abc import Sequence

import numpy as np

from app.engines import Engine, onnx_engine, xgboost_engine
from benchmarks.page import ONNX, XGBOOST
from benchmarks.serving import models
from training.data import Floats
from training.models import onnx_trees

SIZES = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 256, 512, 1_000)
ROUNDS = 5
CALLS = 200
QUICK_CALLS = 20


def run(*, quick: bool = False) -> dict[str, dict[str, float]]:
    """Time both, after comparing their answers.

    Returns
    -------
    dict
        By number of rows and engine: microseconds a call.

    Raises
    ------
    RuntimeError
        An answer differs.
    """
    made = models.make()
    booster = made.booster
    engines = {
        ONNX: onnx_engine(onnx_trees.to_onnx(booster)),
        XGBOOST: xgboost_engine(bytes(booster.save_raw("ubj"))),
    }
    small, large = (engine(made.rows) for engine in engines.values())
    if not np.array_equal(small, large):
        message = f"{(small != large).sum()} of {len(small)} answers differ"
        raise RuntimeError(message)
    calls = QUICK_CALLS if quick else CALLS
    found = {
        str(size): {
            name: _best_us(engine, _parts(made.rows, size), calls)
            for name, engine in engines.items()
        }
        for size in SIZES
    }
    for size, times in found.items():
        print(f"{size:>6} rows: {times}", flush=True)
    return found


def _parts(rows: Floats, size: int) -> list[Floats]:
    return [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]


def _best_us(engine: Engine, parts: Sequence[Floats], calls: int) -> float:
    """Return the mean of the best round: other processes only ever add. Rows are sent in turn."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for number in range(calls):
            engine(parts[number % len(parts)])
        rounds.append(1e6 * (time.perf_counter() - begun) / calls)
    return round(min(rounds), 1)
