"""The settings: defaults, values, refusals."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError


def test_empty_environment_gives_the_defaults():
    """Nothing needs to be set."""
    assert Settings.from_environment({}) == Settings()


def test_environment_is_read():
    """Each variable sets its field."""
    read = Settings.from_environment(
        {
            "MLFLOW_TRACKING_URI": "http://mlflow:5000/",
            "MODEL_POLL_S": "0.5",
            "BUNDLE_HASH": "abc",
            "PROMETHEUS_URL": "http://prometheus:9090/prometheus/",
        }
    )
    assert read == Settings(
        "http://mlflow:5000",
        model_poll_s=0.5,
        bundle_hash="abc",
        prometheus_url="http://prometheus:9090/prometheus",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_POLL_S", "soon"),
        ("MAX_ROWS", "0"),
        ("MLFLOW_TRACKING_URI", "sqlite:///x"),
        ("PROMETHEUS_URL", "prometheus:9090"),
        ("AUTH", "yes"),
        ("PREDICTION_DAYS", "3651"),
        ("JOURNAL_MAX_BYTES", "-1"),
    ],
)
def test_bad_setting_is_named(name, value):
    """A value that cannot be used is refused with the variable's name and the value."""
    with pytest.raises(SettingsError, match=f"{name}={value}"):
        Settings.from_environment({name: value})


def test_what_is_kept_stands_below_one_folder():
    """Database and journal follow DATA_DIR; a database of one's own does not."""
    read = Settings.from_environment({"DATA_DIR": "/srv/data"})
    assert read.database_url == "sqlite:////srv/data/service.db"
    assert read.journal_dir == Path("/srv/data/journal")
    url = "postgresql+psycopg://api@db/service"
    read = Settings.from_environment({"DATA_DIR": "/srv/data", "DATABASE_URL": url})
    assert read.database_url == url
