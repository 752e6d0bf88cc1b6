"""Trains the model, logs it, registers it: `python -m training.train`."""

import argparse
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from training.data import Housing, published_split
from training.errors import TrainingError
from training.sources import CHECKOUT, find_housing
from training.tracking import (
    CHAMPION,
    MODEL_NAME,
    PATIENCE_S,
    champion_version,
    tracking_uri,
    wait_until_reachable,
)

EXPERIMENT = MODEL_NAME
PROBE_ROWS = 5


def train() -> dict[str, Any]:
    """Load, split, fit, measure, log, register, promote; return what was reached.

    Raises
    ------
    TrainingError
        The data is not as it must be, or MLflow is not reachable or refuses.
    """
    started = time.monotonic()
    housing = find_housing(say)
    say(f"Data: {len(housing.target):,} rows from {housing.source}")
    split = published_split(len(housing.target))

    # Imported here: four seconds that a refused file or `--unless-champion` need not wait for.
    import mlflow  # noqa: PLC0415

    from training.fit import MOST_TREES, PARAMS, PATIENCE_TREES, fit  # noqa: PLC0415
    from training.reference import reference_statistics  # noqa: PLC0415
    from training.registry import log_model, register  # noqa: PLC0415

    with _run(_tags(housing)) as run_id:
        mlflow.log_params({**PARAMS, "most_trees": MOST_TREES, "patience_trees": PATIENCE_TREES})
        say(f"Fitting XGBoost on {len(split.train):,} rows")
        fitted = fit(housing, split)
        mlflow.log_metrics({**fitted.metrics, "trees": fitted.trees})
        say(
            f"{fitted.trees} trees: RMSE {fitted.metrics['validation_rmse']:.4f} (validation), "
            f"{fitted.metrics['test_rmse']:.4f} (test), in 100,000 USD"
        )
        known = housing.features[split.train]
        predicted = fitted.booster.inplace_predict(known)
        reference = reference_statistics(known, housing.target[split.train], predicted)
        mlflow.log_dict(reference, "reference.json")
        say("Logging the model to MLflow")
        logged = log_model(fitted, housing.features[:PROBE_ROWS])
        promotion = register(mlflow.MlflowClient(), logged, fitted.metrics["test_rmse"])
    say(f"{MODEL_NAME} version {promotion.version}: {promotion.reason}")
    return {
        "model": MODEL_NAME,
        "version": promotion.version,
        "promoted": promotion.promoted,
        "reason": promotion.reason,
        "run_id": run_id,
        "dataset": housing.dataset,
        "metrics": fitted.metrics,
        "seconds": round(time.monotonic() - started, 1),
    }


@contextmanager
def _run(tags: dict[str, str]) -> Iterator[str]:
    """Open an MLflow run and yield its id; a fault ends it FAILED, with the reason as a tag."""
    import mlflow  # noqa: PLC0415 - see `train`
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    _quiet()
    try:
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(tags=tags) as run:
            try:
                yield str(run.info.run_id)
            except BaseException as error:
                with suppress(MlflowException):
                    mlflow.set_tag("failure", f"{type(error).__name__}: {error}"[:500])
                raise
    except MlflowException as error:
        message = f"MLflow at {os.environ['MLFLOW_TRACKING_URI']} failed: {_first_line(error)}"
        raise TrainingError(message) from error


def _quiet() -> None:
    # MLflow's own lines are for its developers: that there is no pip, that a run has an address.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _tags(housing: Housing) -> dict[str, str]:
    return {
        "dataset": housing.dataset,
        "data_hash": housing.content_hash(),
        "data_source": housing.source,
        "git_commit": _git_commit(),
    }


def _git_commit() -> str:
    """Return the code's commit; an image has no repository and says it by GIT_COMMIT."""
    if given := os.environ.get("GIT_COMMIT"):
        return given
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(CHECKOUT), "rev-parse", "--verify", "-q", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    return found.stdout.strip() or "unknown"


def say(sentence: str) -> None:
    """Tell a person how far it is; standard output stays free for `--json`."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, train, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument(
        "--unless-champion",
        action="store_true",
        help="do nothing when the registry already has a champion",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args(arguments)
    try:
        result = _train_unless(tracking_uri(), unless_champion=chosen.unless_champion)
    except TrainingError as error:
        say(f"Training failed: {error}")
        return 1
    if chosen.json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def _train_unless(uri: str, *, unless_champion: bool) -> dict[str, Any]:
    wait_until_reachable(uri, say, PATIENCE_S)
    if unless_champion and (version := champion_version(uri)) is not None:
        say(f"{MODEL_NAME} already has a {CHAMPION}: version {version}. Nothing to do.")
        return {"model": MODEL_NAME, "version": version, "promoted": False}
    return train()


def _stop(_signal: int, _frame: object) -> None:
    # As an exception, so that the run is closed as FAILED instead of staying "running" for ever.
    raise SystemExit(143)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("Training was interrupted; nothing was registered.")
        sys.exit(130)
