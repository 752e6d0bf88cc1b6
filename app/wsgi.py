"""The process's entry point: `granian --interface wsgi app.wsgi:app`."""

import logging
import os
import sys

# XGBoost imports scikit-learn when it can, and with it pandas and pyarrow: three seconds and
# 130 MB a worker, for wrappers that a server of boosters never calls.
sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]  # None: "cannot be imported"

from app.shared_metrics import VARIABLE, shared_folder  # noqa: E402

# Before prometheus_client is imported, which looks at it then.
try:
    os.environ.setdefault(VARIABLE, str(shared_folder()))
except OSError as error:
    sys.stderr.write(f"/metrics is each worker's own: {error}\n")

from app.factory import create_app  # noqa: E402
from app.follower import Follower  # noqa: E402
from app.metrics import Metrics  # noqa: E402
from app.model import Champion  # noqa: E402
from app.service import Service  # noqa: E402
from app.settings import Settings, SettingsError  # noqa: E402

logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
try:
    settings = Settings.from_environment(os.environ)
except SettingsError as error:
    sys.exit(f"xgboost-api cannot start: {error}")
metrics = Metrics()
champion = Follower(
    Champion(settings.tracking_uri, settings.model_name, settings.model_alias),
    settings.model_poll_s,
    lambda model: metrics.served([(model.name, model.version, model.run_id)]),
)
champion.start()
metrics.start()
app = create_app(Service(settings, champion, metrics))
