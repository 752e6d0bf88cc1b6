"""The settings: defaults, values, refusals."""

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
        }
    )
    assert read == Settings("http://mlflow:5000", model_poll_s=0.5, bundle_hash="abc")


@pytest.mark.parametrize(
    ("name", "value"),
    [("MODEL_POLL_S", "soon"), ("MAX_ROWS", "0"), ("MLFLOW_TRACKING_URI", "sqlite:///x")],
)
def test_bad_setting_is_named(name, value):
    """A value that cannot be used is refused with the variable's name and the value."""
    with pytest.raises(SettingsError, match=f"{name}={value}"):
        Settings.from_environment({name: value})
