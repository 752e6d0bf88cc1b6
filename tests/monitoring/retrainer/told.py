"""A retrainer that has seen everything: drift, its report, retrainings of each outcome."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry

from app.database import retrainings
from app.database.connection import Database
from app.database.migrate import migrate
from app.database.predictions import store
from app.loop_limits import WINDOW_ROWS
from monitoring.retrainer.history import History
from monitoring.retrainer.watch import Watch
from tests.app.mlflow_server import running
from tests.monitoring.retrainer.districts import coastal, training_rows
from tests.monitoring.retrainer.shelf import MODEL, requests, shelve
from training.generate import generate


@contextmanager
def told(folder: Path) -> Iterator[CollectorRegistry]:
    """Yield all that the retrainer tells Prometheus, by its own collectors."""
    url = f"sqlite:///{folder}/service.db"
    migrate(url)
    database = Database(url)
    data = generate(4_000)
    near = coastal(data)
    inland = np.flatnonzero(~near)[:WINDOW_ROWS]
    assert store(database, requests(data.features[inland], data.target[inland], 0.0)) == 0
    _retrain(database, time.time())
    with running() as mlflow:
        shelve(mlflow, training_rows(data, np.flatnonzero(near)))
        info = {"experiment_id": "7", "run_id": "r9", "start_time": int(time.time() * 1000)}
        tags = {"tags": [{"key": "model", "value": MODEL}]}
        mlflow.runs = [{"info": info, "data": tags}]
        watch = Watch(database, mlflow.uri)
        watch.step(time.time())
        figures = CollectorRegistry()
        figures.register(watch)
        figures.register(History(database))
        yield figures
        watch.close()
    database.close()


def _retrain(database: Database, now: float) -> None:
    with database.writing() as connection:
        for number, outcome in enumerate(retrainings.OUTCOMES):
            asked = now - 1000 + 100 * number
            row = retrainings.queue(connection, MODEL, "FeatureDrift", asked, alert_at=asked - 5)
            retrainings.step(connection, row.id, served_at=asked + 40)
            retrainings.end(connection, row.id, outcome, "because", asked + 42)
