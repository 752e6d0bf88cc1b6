"""The service's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

LONGEST_DAYS = 3650


class SettingsError(ValueError):
    """A setting that cannot be used: names the variable, its value and what it must be."""


@dataclass(frozen=True)
class Settings:
    """What can be set; each field's variable is its name in capitals, except where it says so."""

    tracking_uri: str = "http://127.0.0.1:5000"
    """MLFLOW_TRACKING_URI: the registry that is followed."""
    model_name: str = "california-housing"
    model_alias: str = "champion"
    model_poll_s: float = 3.0
    """How often the registry is asked which version the alias names."""
    model_memory_mb: float = 150.0
    """What all served models together may take; those that do not fit are not loaded."""
    model_hook_url: str | None = None
    """Where MLflow reaches this service's /models/hook; without it, polling is all there is."""
    prometheus_url: str = "http://127.0.0.1:9090/prometheus"
    """Where the page /status finds the figures."""
    max_body_bytes: int = 2_000_000
    max_rows: int = 10_000
    bundle_hash: str | None = None
    """Which host bundle started this process; shown by /readyz."""
    auth: Literal["open", "required"] = "open"
    """open: whoever reaches the service may use it. required: an API key or a session is needed."""
    operator_key_file: Path | None = None
    """A file with one API key that may do everything."""
    data_dir: Path = Path(".service")
    """Where journal, database and caches are kept."""
    database_url: str = "sqlite:///.service/service.db"
    """Of SQLAlchemy's form; when it is not set, service.db in the data folder."""
    journal_max_bytes: int = 256 << 20
    """Predictions that wait for the database take no more of the disk."""
    prediction_days: float = 90.0
    """So long predictions and their feedback are kept."""

    @property
    def journal_dir(self) -> Path:
        """Where predictions wait for the database."""
        return self.data_dir / "journal"

    @property
    def models_dir(self) -> Path:
        """Where the files of the served versions are kept."""
        return self.data_dir / "models"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises
        ------
        SettingsError
            A number is no number or not positive, or an address is not http.
        """
        return cls(
            tracking_uri=http_address(environment, "MLFLOW_TRACKING_URI", cls.tracking_uri),
            model_name=environment.get("MODEL_NAME", cls.model_name),
            model_alias=environment.get("MODEL_ALIAS", cls.model_alias),
            model_poll_s=_positive(environment, "MODEL_POLL_S", cls.model_poll_s),
            model_memory_mb=_positive(environment, "MODEL_MEMORY_MB", cls.model_memory_mb),
            model_hook_url=environment.get("MODEL_HOOK_URL") or None,
            max_body_bytes=int(_positive(environment, "MAX_BODY_BYTES", cls.max_body_bytes)),
            max_rows=int(_positive(environment, "MAX_ROWS", cls.max_rows)),
            bundle_hash=environment.get("BUNDLE_HASH") or None,
            prometheus_url=http_address(environment, "PROMETHEUS_URL", cls.prometheus_url),
            **_keeping(environment),
        )


def _keeping(environment: Mapping[str, str]) -> dict[str, Any]:
    auth = environment.get("AUTH") or Settings.auth
    if auth not in {"open", "required"}:
        message = f"AUTH={auth}: must be open or required"
        raise SettingsError(message)
    data_dir = Path(environment.get("DATA_DIR") or Settings.data_dir)
    operator_key_file = environment.get("OPERATOR_KEY_FILE")
    days = _positive(environment, "PREDICTION_DAYS", Settings.prediction_days)
    if days > LONGEST_DAYS:
        message = f"PREDICTION_DAYS={days:g}: must be at most {LONGEST_DAYS}"
        raise SettingsError(message)
    max_bytes = _positive(environment, "JOURNAL_MAX_BYTES", Settings.journal_max_bytes)
    return {
        "auth": auth,
        "operator_key_file": Path(operator_key_file) if operator_key_file else None,
        "data_dir": data_dir,
        "database_url": environment.get("DATABASE_URL") or f"sqlite:///{data_dir}/service.db",
        "journal_max_bytes": int(max_bytes),
        "prediction_days": days,
    }


def http_address(environment: Mapping[str, str], name: str, default: str) -> str:
    """Return the address in a variable, or else the default; raises SettingsError."""
    uri = (environment.get(name) or default).rstrip("/")
    if not uri.startswith(("http://", "https://")):
        message = f"{name}={uri}: must be an http address, as {default}"
        raise SettingsError(message)
    return uri


def _positive(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        message = f"{name}={text}: must be a number above 0, as {default:g}"
        raise SettingsError(message)
    return value
