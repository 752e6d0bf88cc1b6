"""Makes the drift report of a model and keeps it in MLflow.

`python -m monitoring.retrainer.report MODEL` prints where it is; the watch starts it.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter

import numpy as np

from app.database.connection import Database, UnavailableError
from app.database.feedback import LIVE_ROWS
from app.database.recent import Labelled, Served, labelled, served
from app.loop_limits import WINDOW_ROWS
from app.registry import ModelVersion, Registry
from app.rest import RegistryError, Rest
from app.settings import Settings
from monitoring.retrainer.api_figures import violations
from monitoring.retrainer.drift import PREDICTION
from monitoring.retrainer.reference import NoReferenceError, References
from monitoring.retrainer.report_page import Facts, VersionError, compared, page
from monitoring.retrainer.reports import EXPERIMENT, MODEL_TAG, Report
from training.command import say, stoppable
from training.errors import TrainingError
from training.rows import TrainingRows
from training.tracking import CHAMPION, tracking_uri

FILE = "drift.html"
DATABASE_WAIT_S = 10.0
UNFIT = re.compile(r"[^\w./ -]")
"""What MLflow allows in no metric's name."""


def gather(model: str, settings: Settings, api_url: str | None) -> Facts:
    """Ask the registry, the database and the API for all that the report tells.

    Raises
    ------
    TrainingError
        There is no champion, it has no reference, or too few of its rows were served.
    app.rest.RegistryError, app.database.connection.UnavailableError
        Somebody does not answer.
    """
    registry = Registry(Rest(settings.tracking_uri))
    version = registry.version_by_alias(model, CHAMPION)
    references = References(registry)
    reference = references.rows(version).of_reference()
    baseline = references.metadata(version).get("test_rmse")
    database = Database(settings.database_url, DATABASE_WAIT_S)
    try:
        with database.reading() as connection:
            window = served(connection, model, WINDOW_ROWS)
            known = labelled(connection, model, LIVE_ROWS)
    finally:
        database.close()
    refused = None if api_url is None else violations(api_url)
    return facts(version, reference, window, known, baseline, refused)


def facts(
    version: ModelVersion,
    reference: TrainingRows,
    window: Served,
    known: Labelled,
    baseline: float | None,
    refused: Mapping[str, float] | None,
) -> Facts:
    """Compare the window with the reference, feature by feature.

    Raises
    ------
    TrainingError
        The window has too few rows, or not the reference's columns.
    """
    rows = len(window.rows) if window.rows.shape[1] == len(reference.columns) else 0
    if rows < WINDOW_ROWS:
        message = (
            f"{version.name}: {rows} rows with the columns of version {version.version} were "
            f"served: at least {WINDOW_ROWS} are needed"
        )
        raise TrainingError(message)
    pairs = [
        *zip(reference.columns, reference.rows.T, window.rows.T, strict=True),
        (PREDICTION, reference.prediction, window.predictions),
    ]
    features = [compared(name, before, now) for name, before, now in pairs]
    return Facts(
        model=version.name,
        version=version.version,
        answered_by=sorted(set(window.versions), key=_number),
        reference_rows=len(reference.target),
        rows=rows,
        began_at=float(window.at[0]),
        ended_at=float(window.at[-1]),
        features=sorted(features, key=lambda feature: -feature.psi),
        errors=errors_of(known),
        baseline_rmse=baseline,
        violations=refused,
    )


def errors_of(known: Labelled) -> list[VersionError]:
    """Return the error of each version over the newest rows with true values."""
    squared = ((known.actual - known.predicted) ** 2).tolist()
    told = sorted(zip(known.versions, squared, strict=True), key=lambda pair: _number(pair[0]))
    found = []
    for version, pairs in groupby(told, itemgetter(0)):
        errors = [error for _, error in pairs]
        found.append(VersionError(version, float(np.sqrt(np.mean(errors))), len(errors)))
    return found


def figures(found: Facts) -> dict[str, float]:
    """Return what is kept as metrics of the run."""
    told: dict[str, float] = {"window_rows": found.rows, "drifted_features": found.drifted}
    for feature in found.features:
        name = UNFIT.sub("_", feature.name)
        told |= {f"psi_{name}": feature.psi, f"ks_{name}": feature.ks}
        told |= {f"ks_p_value_{name}": feature.p_value}
    told |= {f"live_rmse_version_{error.version}": error.rmse for error in found.errors}
    return told


def keep(found: Facts) -> Report:
    """Log the report as a run of MLflow; raises TrainingError."""
    # Seconds, which a model without enough rows need not wait for.
    import mlflow  # noqa: PLC0415

    from training import run  # noqa: PLC0415

    tracking_uri()
    tags = {MODEL_TAG: found.model, "version": found.version}
    with run.run(EXPERIMENT, tags) as run_id:
        mlflow.log_metrics(figures(found))
        mlflow.log_text(page(found), FILE)
        experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    return Report(experiment.experiment_id, run_id)


def main() -> int:
    """Make the report of the model that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.retrainer.report")
    parser.add_argument("model")
    model = parser.parse_args().model
    # Predictions come first.
    os.nice(10)
    settings = Settings.from_environment(os.environ)
    try:
        kept = keep(gather(model, settings, os.environ.get("API_URL")))
    except (TrainingError, NoReferenceError, RegistryError, UnavailableError) as error:
        say(f"No drift report of {model}: {error}")
        return 1
    sys.stdout.write(json.dumps(asdict(kept)) + "\n")
    return 0


def _number(version: str) -> tuple[int, str]:
    return int(version) if version.isdigit() else 0, version


if __name__ == "__main__":
    sys.exit(stoppable(main, "Interrupted; no report was made."))
