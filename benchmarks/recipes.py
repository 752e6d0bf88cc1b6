"""Times each recipe's training as a user runs it, MLflow included, and says how good it is."""

import json
import resource
import subprocess
import sys
import time

from benchmarks.scratch import CHECKOUT, ScratchStack

WAYS = (
    ("xgboost-geo", "default"),
    ("xgboost-geo", "best"),
    ("xgboost", "default"),
    ("xgboost", "best"),
    ("random-forest", "default"),
    ("linear", "default"),
)


def run(stack: ScratchStack) -> dict[str, dict[str, float]]:
    """Train every recipe against the stack's MLflow, on the published split, with seed 0.

    Returns
    -------
    dict
        By recipe and profile: `seconds` and `cpu_seconds` of the whole command, from the
        interpreter's start to the registered version, and the RMSE on validation and test part,
        in 100,000 USD.

    Raises
    ------
    RuntimeError
        A training failed; its output is the message.
    """
    return {f"{recipe}, {profile}": _train(stack, recipe, profile) for recipe, profile in WAYS}


def _train(stack: ScratchStack, recipe: str, profile: str) -> dict[str, float]:
    command = [sys.executable, "-m", "training.train", "--json"]
    begun, used = time.perf_counter(), _cpu_seconds()
    done = subprocess.run(
        [*command, "--model", recipe, "--profile", profile],
        cwd=CHECKOUT,
        env=stack.env | {"MLFLOW_TRACKING_URI": stack.url("mlflow")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, cpu_seconds = time.perf_counter() - begun, _cpu_seconds() - used
    metrics = json.loads(done.stdout)["metrics"]
    found = {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "validation_rmse": round(metrics["validation_rmse"], 4),
        "test_rmse": round(metrics["test_rmse"], 4),
    }
    print(f"{recipe}, {profile}: {found}", flush=True)
    return found


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
