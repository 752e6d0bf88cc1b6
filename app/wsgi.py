"""The process's entry point: `granian --interface wsgi app.wsgi:app`."""

import logging
import os
import sys
from pathlib import Path

# XGBoost imports scikit-learn when it can, and with it pandas and pyarrow: three seconds and
# 130 MB a worker, for wrappers that a server of boosters never calls.
sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]  # None: "cannot be imported"

from app.shared_metrics import VARIABLE, shared_folder  # noqa: E402

# Before prometheus_client is imported, which looks at it then.
try:
    os.environ.setdefault(VARIABLE, str(shared_folder()))
except OSError as error:
    sys.stderr.write(f"/metrics is each worker's own: {error}\n")

from app.bell import Bell  # noqa: E402
from app.cache import DiskCache  # noqa: E402
from app.champions import Champions  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.follower import Follower  # noqa: E402
from app.hook import Hook, kept_secret  # noqa: E402
from app.metrics import Metrics  # noqa: E402
from app.registry import Registry  # noqa: E402
from app.rest import Rest  # noqa: E402
from app.service import Service  # noqa: E402
from app.settings import Settings, SettingsError  # noqa: E402

logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
try:
    settings = Settings.from_environment(os.environ)
except SettingsError as error:
    sys.exit(f"xgboost-api cannot start: {error}")
metrics = Metrics()
folder = Path(settings.data_dir, "models")
rest = Rest(settings.tracking_uri)
models = Follower(
    Champions(Registry(rest), DiskCache(folder), settings.model_alias),
    settings.model_name,
    int(settings.model_memory_mb * 1e6),
    Bell(folder / "bell"),
    lambda served: metrics.served((one.name, one.version, one.run_id) for one in served),
)
models.start(settings.model_poll_s)
metrics.start()
hook = None
if settings.model_hook_url is not None:
    try:
        secret = folder / "hook-secret"
        hook = Hook(settings.model_hook_url, kept_secret(secret))
        hook.keep_registered(rest, secret)
    except OSError as error:
        logging.getLogger(__name__).warning("no webhook, polling alone: %s", error)
app = create_app(Service(settings, models, metrics, hook=hook))
