"""The retrainer's settings, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings as ApiSettings
from app.settings import SettingsError, http_address


@dataclass(frozen=True)
class Settings:
    """What can be set; each field's variable is its name in capitals, except where it says so."""

    database_url: str
    """The database of the API: predictions, feedback and retrainings are there."""
    tracking_uri: str
    """MLFLOW_TRACKING_URI."""
    api_url: str
    """Where the API's figures tell which version it serves."""
    data_dir: Path
    retrain_every_s: float | None
    """RETRAIN_EVERY_HOURS: without it only alerts and people start a retraining."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises
        ------
        SettingsError
            The hours are no number above 0, or an address is not http.
        """
        shared = ApiSettings.from_environment(environment)
        return cls(
            database_url=shared.database_url,
            tracking_uri=shared.tracking_uri,
            api_url=http_address(environment, "API_URL", "http://127.0.0.1:5001"),
            data_dir=shared.data_dir,
            retrain_every_s=_every_s(environment.get("RETRAIN_EVERY_HOURS", "")),
        )


def _every_s(hours: str) -> float | None:
    if not hours:
        return None
    try:
        every_s = float(hours) * 3600
    except ValueError:
        every_s = 0.0
    if not 0 < every_s < float("inf"):
        message = f"RETRAIN_EVERY_HOURS={hours}: must be a number above 0, or not be set"
        raise SettingsError(message)
    return every_s
