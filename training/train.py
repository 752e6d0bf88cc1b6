"""Trains a model, logs it, and lets it replace the champion if it is better.

`python -m training.train` reads from top to bottom: `train` is the recipe.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from training import champion, trained
from training.chosen import Chosen
from training.command import UNREGISTERED, answer, say, stoppable
from training.data import Dataset
from training.errors import TrainingError
from training.generate import generate_classes
from training.models.interface import Params, Recipe
from training.models.recipes import (
    CHAMPIONS_RECIPE,
    PROFILES,
    RECIPES,
    recipe_named,
)
from training.schema import HOUSING
from training.sources import find_housing, housing_location
from training.tracking import CHAMPION, PATIENCE_S, tracking_uri, wait_until_reachable

ENGINES = ("memory", "external")
Fit = Callable[[int], trained.Trained]
"""Fits with a seed."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    model: str = CHAMPIONS_RECIPE
    profile: str = "default"
    seed: int = 0
    engine: str = ENGINES[0]
    params: Path | None = None
    unless_champion: bool = False


def train(uri: str, recipe: Recipe, options: Options) -> dict[str, Any]:
    """Load, split, fit, measure, log, compare, register; return what was reached.

    Raises
    ------
    TrainingError
        The data is not as it must be, or MLflow is not reachable or refuses.
    """
    started = time.monotonic()
    chosen = choose(recipe, options)
    params = chosen.params
    data, fit = (external if options.engine == "external" else in_memory)(recipe, params)
    say(f"Data: {data.rows:,} rows from {data.source}")

    # Imported here: seconds that a refused file or `--unless-champion` need not wait for.
    import mlflow  # noqa: PLC0415

    from training import registry, run  # noqa: PLC0415
    from training.record import record  # noqa: PLC0415

    name = recipe.problem.name
    tags = {**run.data_tags(data), **chosen.tags}
    with run.run(name, tags) as run_id:
        mlflow.log_params({**params, "seed": options.seed})
        say(f"Fitting {recipe.name}")
        fitted = fit(options.seed)
        say(_figures(fitted))
        say("Logging the run and the model to MLflow")
        logged = record(run_id, fitted, data, tags)
        decision = registry.judge(uri, fitted, data.dataset)
        mlflow.log_metrics(decision.figures)
        tags["manifest_sha256"] = champion.manifest_sha256(uri, logged.artifact_path)
        version = registry.register(mlflow.MlflowClient(), name, logged, decision, tags)
    say(f"{name} version {version}: {decision.reason}")
    return {
        "model": name,
        "recipe": recipe.name,
        "version": version,
        "promoted": decision.promote,
        "rule": decision.rule,
        "reason": decision.reason,
        "run_id": run_id,
        "dataset": data.dataset,
        "metrics": fitted.metrics,
        "seconds": round(time.monotonic() - started, 1),
    }


def choose(recipe: Recipe, options: Options) -> Chosen:
    """Return the recipe with the profile's settings, those of the `--params` file in their place.

    Raises
    ------
    TrainingError
        The file cannot be read, or names a setting that the model does not have.
    """
    changed: object = {}
    source = f"--params {options.params}"
    if options.params is not None:
        try:
            changed = json.loads(options.params.read_text())
        except (OSError, ValueError) as error:
            message = f"{source}: cannot be read as JSON: {error}"
            raise TrainingError(message) from error
    return Chosen.of(recipe, options.profile, changed, source)


def load(recipe: Recipe) -> Dataset:
    """Return the data of the recipe's problem."""
    return find_housing(say) if recipe.problem is HOUSING else generate_classes()


def in_memory(recipe: Recipe, params: Params) -> tuple[Dataset, Fit]:
    """Return the data, and what fits the recipe on it."""
    data = load(recipe)
    parts = trained.split(data)
    return data, partial(trained.fit, recipe, params, parts)


def external(recipe: Recipe, params: Params) -> tuple[Dataset, Fit]:
    """Return what is known of rows that stay in their files, and what fits the recipe on them."""
    from training import external as engine  # noqa: PLC0415 - XGBoost: a second

    engine.refuse_in_memory_only(recipe, params)
    found = engine.survey(housing_location())
    return found, partial(engine.fit, found, recipe, params)


def _figures(fitted: trained.Trained) -> str:
    size = ", ".join(f"{value:,.0f} {name}" for name, value in fitted.model.figures.items())
    metrics, unit = fitted.metrics, fitted.recipe.problem.target.unit
    validation, test = metrics["validation_rmse"], metrics["test_rmse"]
    return f"{size}: RMSE {validation:.4f} (validation), {test:.4f} (test); {unit}"


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, train, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--model", default=CHAMPIONS_RECIPE, help=f"one of {', '.join(RECIPES)}")
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--seed", default=0, type=int, help="of everything left to chance")
    parser.add_argument("--params", type=Path, help="JSON of settings, as a search found them")
    parser.add_argument(
        "--engine",
        default=ENGINES[0],
        choices=ENGINES,
        help="external: rows stay on disk, for more than memory holds (HOUSING_CSV names them)",
    )
    parser.add_argument(
        "--unless-champion",
        action="store_true",
        help="do nothing when the registry has a champion that can be opened",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = vars(parser.parse_args(arguments))
    as_json = chosen.pop("json")
    options = Options(**chosen)
    return answer("Training", lambda: _train_unless(tracking_uri(), options), as_json=as_json)


def _train_unless(uri: str, options: Options) -> dict[str, Any]:
    recipe = recipe_named(options.model)
    name = recipe.problem.name
    wait_until_reachable(uri, say, PATIENCE_S)
    if options.unless_champion and (version := _usable_champion(uri, name)) is not None:
        say(f"{name} already has a {CHAMPION}: version {version}. Nothing to do.")
        return {"model": name, "version": version, "promoted": False}
    return train(uri, recipe, options)


def _usable_champion(uri: str, name: str) -> str | None:
    version = champion.find(uri, name)
    if version is None:
        return None
    try:
        champion.open_version(uri, version)
    except TrainingError as error:
        say(f"The {CHAMPION} cannot be opened: {error}")
        return None
    return version.number


if __name__ == "__main__":
    sys.exit(stoppable(main, UNREGISTERED))
