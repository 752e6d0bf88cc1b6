"""The service's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass


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
    data_dir: str = ".service"
    """The folder for what outlives the process."""
    max_body_bytes: int = 2_000_000
    max_rows: int = 10_000
    bundle_hash: str | None = None
    """Which host bundle started this process; shown by /readyz."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises
        ------
        SettingsError
            A number is no number or not positive, or the registry's address is not http.
        """
        uri = environment.get("MLFLOW_TRACKING_URI", cls.tracking_uri).rstrip("/")
        if not uri.startswith(("http://", "https://")):
            message = f"MLFLOW_TRACKING_URI={uri}: must be an http address, as {cls.tracking_uri}"
            raise SettingsError(message)
        return cls(
            tracking_uri=uri,
            model_name=environment.get("MODEL_NAME", cls.model_name),
            model_alias=environment.get("MODEL_ALIAS", cls.model_alias),
            model_poll_s=_positive(environment, "MODEL_POLL_S", cls.model_poll_s),
            model_memory_mb=_positive(environment, "MODEL_MEMORY_MB", cls.model_memory_mb),
            model_hook_url=environment.get("MODEL_HOOK_URL") or None,
            data_dir=environment.get("DATA_DIR") or cls.data_dir,
            max_body_bytes=int(_positive(environment, "MAX_BODY_BYTES", cls.max_body_bytes)),
            max_rows=int(_positive(environment, "MAX_ROWS", cls.max_rows)),
            bundle_hash=environment.get("BUNDLE_HASH") or None,
        )


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
