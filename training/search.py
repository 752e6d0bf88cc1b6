"""Searches for better settings of a model: `python -m training.search`.

It goes on where it was stopped. Settings are chosen by the validation part; the test part is not
looked at.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from training import trained
from training.command import UNREGISTERED, answer, say, stoppable
from training.data import Dataset
from training.errors import TrainingError
from training.evaluate import rmse
from training.models.interface import Params, Recipe
from training.models.recipes import CHAMPIONS_RECIPE, recipe_named
from training.report.comparison import Attempt, comparison
from training.sources import CHECKOUT
from training.tracking import PATIENCE_S, tracking_uri, wait_until_reachable
from training.train import load

FOLDER = CHECKOUT / "data" / "search"
TRIALS = 20
ROUNDS_BETWEEN_REPORTS = 25
# A trial may be stopped from here on: earlier, a low learning rate only looks bad.
ROUNDS_BEFORE_PRUNING = 200
TRIALS_BEFORE_PRUNING = 5


def _trees(trial: Trial) -> Params:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.1, log=True),
        "max_depth": trial.suggest_int("max_depth", 4, 9),
        "subsample": trial.suggest_float("subsample", 0.5, 0.95),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.15, 0.8),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 30.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.1, 30.0, log=True),
    }


TRIED = (
    *("learning_rate", "max_depth", "subsample", "colsample_bytree"),
    *("min_child_weight", "reg_lambda"),
)
SPACES: dict[str, Callable[[Trial], Params]] = {"xgboost-geo": _trees, "xgboost": _trees}
"""What may be tried, by model; the others have next to nothing to search."""


def open_study(recipe: Recipe, data: Dataset, folder: Path, seed: int) -> optuna.Study:
    """Open the search of this model on this data, or begin it.

    Trials that were running when the search was killed are closed; their settings may come again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{recipe.name}-{data.content_hash()[:12]}"
    storage = JournalStorage(JournalFileBackend(str(folder / f"{name}.journal")))
    study = optuna.create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(
            n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=ROUNDS_BEFORE_PRUNING
        ),
    )
    # Or a search that goes on would draw the same settings once more.
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    if not study.trials:
        # The present settings come first, so that the search can only end better.
        known = recipe.profiles["default"]
        study.enqueue_trial({setting: known[setting] for setting in TRIED})
    return study


def attempt(recipe: Recipe, parts: trained.Parts, trial: Trial, seed: int) -> float:
    """Fit with the trial's settings; return the validation RMSE, or stop when it is behind."""

    def report(number: int, loss: float) -> None:
        if number % ROUNDS_BETWEEN_REPORTS == 0:
            trial.report(loss, number)
            if trial.should_prune():
                raise optuna.TrialPruned

    params = {**recipe.profiles["default"], **SPACES[recipe.name](trial)}
    model = recipe.fit(parts.train, parts.validation, params, seed, report)
    return rmse(parts.validation.target, model.predict(parts.validation.rows))


def search(recipe: Recipe, trials: int, seed: int, folder: Path) -> dict[str, Any]:
    """Try until the study has so many trials; each is an MLflow run below the search's own.

    Raises
    ------
    TrainingError
        The model has nothing to search, the data is not as it must be, or MLflow refuses.
    """
    if recipe.name not in SPACES:
        message = f"--model {recipe.name}: nothing to search; choose from {', '.join(SPACES)}"
        raise TrainingError(message)
    data = load(recipe)
    parts = trained.split(data)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = open_study(recipe, data, folder, seed)

    import mlflow  # noqa: PLC0415 - seconds that a refusal need not wait for

    from training import run  # noqa: PLC0415

    def objective(trial: Trial) -> float:
        with run.nested(f"trial {trial.number}") as run_id:
            try:
                loss = attempt(recipe, parts, trial, seed)
            except optuna.TrialPruned:
                mlflow.set_tag("pruned", "true")
                raise
            finally:
                mlflow.log_params(trial.params)
                curve = study.trials[trial.number].intermediate_values
                run.log_curves(run_id, {"validation_rmse": [curve[at] for at in sorted(curve)]})
            mlflow.log_metric("best_validation_rmse", loss)
            return loss

    tags = {**run.data_tags(data), "recipe": recipe.name, "study": study.study_name}
    with run.run(recipe.problem.name, tags) as run_id:
        _continue(study, objective, trials)
        return _conclude(study, recipe, run_id, folder, mlflow)


def _continue(study: optuna.Study, objective: Callable[[Trial], float], trials: int) -> None:
    def tell(_study: optuna.Study, trial: FrozenTrial) -> None:
        loss = "" if trial.value is None else f", validation RMSE {trial.value:.4f}"
        say(f"Trial {trial.number + 1} of {trials}: {trial.state.name.lower()}{loss}")

    ended = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
    if ended:
        say(f"Going on after {len(ended)} trials of {study.study_name}")
    started = time.monotonic()
    missing = trials - len(ended)
    if missing > 0:
        study.optimize(objective, n_trials=missing, callbacks=[tell])
    say(f"{max(missing, 0)} trials in {time.monotonic() - started:.0f} s")


def _conclude(
    study: optuna.Study,
    recipe: Recipe,
    run_id: str,
    folder: Path,
    mlflow: Any,  # noqa: ANN401 - the module
) -> dict[str, Any]:
    attempts = [_attempt(trial) for trial in study.trials]
    best = study.best_trial
    mlflow.log_metric("best_validation_rmse", best.value)
    mlflow.log_params(best.params)
    mlflow.log_text(
        comparison(f"Search: {recipe.problem.name}, {recipe.name}", attempts), "comparison.html"
    )
    # What `training.train --params` reads.
    found = folder / f"{recipe.name}.json"
    found.write_text(json.dumps(best.params, indent=1))
    mlflow.log_artifact(str(found))
    say(f"Best: trial {best.number}, validation RMSE {best.value:.4f}: {json.dumps(best.params)}")
    return {
        "model": recipe.name,
        "trials": len(attempts),
        "best_trial": best.number,
        "validation_rmse": best.value,
        "params": best.params,
        "params_file": str(found),
        "run_id": run_id,
    }


def _attempt(trial: FrozenTrial) -> Attempt:
    taken = trial.duration
    return Attempt(
        number=trial.number,
        state=trial.state.name.lower(),
        loss=trial.value,
        seconds=0.0 if taken is None else taken.total_seconds(),
        params=trial.params,
        curve=trial.intermediate_values,
    )


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, search, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.search", description=__doc__)
    parser.add_argument("--model", default=CHAMPIONS_RECIPE, help=f"one of {', '.join(SPACES)}")
    parser.add_argument("--trials", default=TRIALS, type=int, help="in all, with earlier ones")
    parser.add_argument("--seed", default=0, type=int)
    parser.add_argument("--folder", default=FOLDER, type=Path, help="keeps what was tried so far")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args(arguments)

    def work() -> dict[str, Any]:
        wait_until_reachable(tracking_uri(), say, PATIENCE_S)
        return search(recipe_named(chosen.model), chosen.trials, chosen.seed, chosen.folder)

    return answer("Search", work, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(stoppable(main, UNREGISTERED))
