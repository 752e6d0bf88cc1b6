"""Collects what the page /status shows, from Prometheus, the database and the served model."""

from typing import Any

from app.cache import DiskCache
from app.database.connection import UnavailableError
from app.instants import iso
from app.loop_limits import LEAST_LABELLED_ROWS, PSI_DRIFTED, PSI_WARN, RMSE_ALARM, WINDOW_ROWS
from app.model import ServedModel
from app.service import Service
from app.settings import Settings
from app.status import figures, queries
from app.status.prometheus import AwayError, Prometheus

Json = dict[str, Any]

SPAN_S, STEP_S = 3600, 15
"""A step is a scrape: the newest one is drawn."""
PATIENCE_S = 1.0
"""For all questions together."""
RETRAININGS = 10

LIMITS = {
    "psi_warn": PSI_WARN,
    "psi_drifted": PSI_DRIFTED,
    "window_rows": WINDOW_ROWS,
    "rmse_alarm": RMSE_ALARM,
    "least_labelled_rows": LEAST_LABELLED_ROWS,
}


def collect(service: Service, now: float) -> Json:
    """Return it; what cannot be had is empty, and named among the problems."""
    model = service.models.default
    watched, prometheus = _watched(service, model, now)
    history, database = _history(service, now)
    return {
        "at": iso(now),
        "model": None if model is None else _described(model, service.settings),
        **watched,
        "limits": LIMITS,
        "retrainings": history,
        "problems": {
            "prometheus": prometheus,
            "database": database,
            "model": service.models.problem,
        },
    }


def _described(model: ServedModel, settings: Settings) -> Json:
    since = DiskCache(settings.models_dir).since(model.name, model.version)
    return {
        "name": model.name,
        "version": model.version,
        "since": None if since is None else iso(since),
        "baseline_rmse": model.baseline_rmse,
    }


def _watched(service: Service, model: ServedModel | None, now: float) -> tuple[Json, str | None]:
    """Return what Prometheus knows, and why it could not be asked."""
    end = int(now) // STEP_S * STEP_S
    at = range(end - SPAN_S, end + 1, STEP_S)
    name = service.settings.model_name if model is None else model.name
    newest, drawn, problem = [], [], None
    asked = Prometheus(service.settings.prometheus_url, PATIENCE_S)
    try:
        newest = asked.newest(queries.now())
        drawn = asked.course(queries.course(name), at[0], end, STEP_S)
    except AwayError as error:
        problem = str(error)
    found = {
        "services": figures.services(newest),
        "now": figures.newest(newest),
        "course": figures.courses(drawn, at),
    }
    return found, problem


def _history(service: Service, now: float) -> tuple[list[Json], str | None]:
    """Return the last retrainings, and why they could not be read."""
    try:
        with service.database.reading() as connection:
            from app.database import retrainings  # noqa: PLC0415 - SQLAlchemy: see app.database

            rows = retrainings.newest(connection, RETRAININGS)
    except UnavailableError as error:
        return [], str(error)
    return [figures.retraining(row, now) for row in rows], None
