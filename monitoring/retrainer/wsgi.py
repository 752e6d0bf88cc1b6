"""The retrainer's entry point: `granian --interface wsgi monitoring.retrainer.wsgi:app`."""

import logging
import os
import sys
import threading
import time
from functools import partial

from flask import Flask
from prometheus_client import CollectorRegistry, ProcessCollector

from app.database.connection import Database
from app.settings import SettingsError
from monitoring.retrainer.history import History
from monitoring.retrainer.routes import Parts, create_app
from monitoring.retrainer.runner import Runner, run_job
from monitoring.retrainer.settings import Settings
from monitoring.retrainer.watch import Watch

DATABASE_WAIT_S = 5.0
WATCH_EVERY_S = 10.0


def start(settings: Settings) -> Flask:
    """Make the parts, start what works in the background, return the application."""
    database = Database(settings.database_url, DATABASE_WAIT_S)
    figures = CollectorRegistry()
    ProcessCollector(registry=figures)
    figures.register(History(database))
    runner = Runner(database, partial(run_job, environment=os.environ), settings.retrain_every_s)
    runner.start()
    watch = Watch(database, settings.tracking_uri)
    figures.register(watch)
    threading.Thread(target=_keep_watching, args=(watch,), name="watch", daemon=True).start()
    return create_app(Parts(database, runner, figures))


def _keep_watching(watch: Watch) -> None:
    while True:
        watch.step(time.time())
        time.sleep(WATCH_EVERY_S)


logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
try:
    app = start(Settings.from_environment(os.environ))
except SettingsError as error:
    sys.exit(f"retrainer cannot start: {error}")
