"""The process's entry point: `granian --interface wsgi app.wsgi:app`."""

import logging
import os
import sys
import threading
from collections.abc import Iterable
from functools import partial

# XGBoost imports scikit-learn when it can, and with it pandas and pyarrow: three seconds and
# 130 MB a worker, for wrappers that a server of boosters never calls.
sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]  # None: "cannot be imported"

from app.shared_metrics import VARIABLE, shared_folder  # noqa: E402

# Before prometheus_client is imported, which looks at it then.
try:
    os.environ.setdefault(VARIABLE, str(shared_folder()))
except OSError as error:
    sys.stderr.write(f"/metrics is each worker's own: {error}\n")

from flask import Flask  # noqa: E402

from app.accounts.gate import AccountGate  # noqa: E402
from app.accounts.tokens import operator_digest  # noqa: E402
from app.bell import Bell  # noqa: E402
from app.cache import DiskCache  # noqa: E402
from app.champions import Champions  # noqa: E402
from app.database.connection import Database  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.follower import Follower  # noqa: E402
from app.hook import Hook, kept_secret  # noqa: E402
from app.keeper.collector import FiguresCollector  # noqa: E402
from app.keeper.guardian import Guardian  # noqa: E402
from app.late import late  # noqa: E402
from app.metrics import Metrics  # noqa: E402
from app.model import ServedModel  # noqa: E402
from app.registry import Registry  # noqa: E402
from app.rest import Rest  # noqa: E402
from app.service import Service  # noqa: E402
from app.settings import Settings, SettingsError  # noqa: E402
from app.spool.spool import Spool  # noqa: E402

log = logging.getLogger(__name__)


def start(settings: Settings, operator: bytes | None) -> Flask:
    """Make the service's parts, start what works in the background, return the application."""
    metrics = Metrics()
    metrics.add(FiguresCollector(settings))
    metrics.start()
    database = Database(settings.database_url)
    find = partial(late("app.accounts.credentials", "find"), database)
    gate = AccountGate(settings.auth, operator, find)
    journal = Spool(settings.journal_dir, settings.journal_max_bytes, metrics.unrecorded.inc)
    journal.start()
    Guardian(settings.data_dir, os.environ).start()
    if settings.auth == "required":
        # The first key must not wait for SQLAlchemy, nor the start of the worker.
        threading.Thread(target=lambda: database.engine, name="open-database", daemon=True).start()
    models, hook = follow(settings, metrics)
    return create_app(Service(settings, models, metrics, gate, journal, database, hook))


def follow(settings: Settings, metrics: Metrics) -> tuple[Follower, Hook | None]:
    """Follow the registry's champions, by its webhook where it can reach this service."""
    folder = settings.models_dir
    rest = Rest(settings.tracking_uri)

    def tell(served: Iterable[ServedModel]) -> None:
        found = list(served)
        metrics.served((one.name, one.version, one.run_id) for one in found)
        metrics.takes(name for one in found for name in one.schema.names)

    models = Follower(
        Champions(Registry(rest), DiskCache(folder), settings.model_alias),
        settings.model_name,
        int(settings.model_memory_mb * 1e6),
        Bell(folder / "bell"),
        tell,
    )
    models.start(settings.model_poll_s)
    if settings.model_hook_url is None:
        return models, None
    secret = folder / "hook-secret"
    try:
        hook = Hook(settings.model_hook_url, kept_secret(secret))
        hook.keep_registered(rest, secret)
    except OSError as error:
        log.warning("no webhook, polling alone: %s", error)
        return models, None
    return models, hook


logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
try:
    chosen = Settings.from_environment(os.environ)
    app = start(chosen, operator_digest(chosen.operator_key_file))
except SettingsError as error:
    sys.exit(f"xgboost-api cannot start: {error}")
