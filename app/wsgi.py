"""The process's entry point: `granian --interface wsgi app.wsgi:app`."""

import logging
import os
import sys
import threading
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

from app.accounts.gate import AccountGate  # noqa: E402
from app.accounts.tokens import operator_digest  # noqa: E402
from app.database.connection import Database  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.follower import Follower  # noqa: E402
from app.keeper.collector import FiguresCollector  # noqa: E402
from app.keeper.guardian import Guardian  # noqa: E402
from app.late import late  # noqa: E402
from app.metrics import Metrics  # noqa: E402
from app.model import Champion  # noqa: E402
from app.service import Service  # noqa: E402
from app.settings import Settings, SettingsError  # noqa: E402
from app.spool.spool import Spool  # noqa: E402

logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
try:
    settings = Settings.from_environment(os.environ)
    operator = operator_digest(settings.operator_key_file)
except SettingsError as error:
    sys.exit(f"xgboost-api cannot start: {error}")
metrics = Metrics()
metrics.add(FiguresCollector(settings.data_dir))
database = Database(settings.database_url)
gate = AccountGate(
    settings.auth, operator, partial(late("app.accounts.credentials", "find"), database)
)
journal = Spool(settings.journal_dir, settings.journal_max_bytes, metrics.unrecorded.inc)
journal.start()
Guardian(settings.data_dir, os.environ).start()
champion = Follower(
    Champion(settings.tracking_uri, settings.model_name, settings.model_alias),
    settings.model_poll_s,
    lambda model: metrics.served([(model.name, model.version, model.run_id)]),
)
champion.start()
metrics.start()
if settings.auth == "required":
    # The first key must not wait for SQLAlchemy, nor the start of the worker.
    threading.Thread(target=lambda: database.engine, name="open-database", daemon=True).start()
app = create_app(Service(settings, champion, metrics, gate, journal, database))
