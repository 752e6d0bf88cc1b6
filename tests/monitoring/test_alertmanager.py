"""Alertmanager's configuration: whole, free of secrets, and taken by its own judge."""

import subprocess

import pytest
import yaml

from monitoring.alertmanager import SECRETS, Channels, Mail, render_alertmanager
from monitoring.alerts import ALERTS
from tests.monitoring import tools

MAIL = Mail("team@example.com", "smtp.example.com:587", "stack@example.com")
RETRAINER = "retrainer:5002"
CHANNELS = {
    "none": Channels(),
    "mail": Channels(MAIL),
    "slack": Channels(slack=True),
    "webhook": Channels(webhook=True),
    "all": Channels(MAIL, slack=True, webhook=True),
}


@pytest.fixture(scope="module")
def judge():
    """Alertmanager's own judge."""
    return tools.amtool()


def run(judge, path, *arguments):
    path.write_text(render_alertmanager(CHANNELS["all"], RETRAINER))
    return subprocess.run(
        [judge, *arguments, "--config.file", path], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("channels", CHANNELS.values(), ids=CHANNELS)
def test_alertmanager_takes_the_configuration(judge, tmp_path, channels):
    """Whatever ways a stack has."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(render_alertmanager(channels, RETRAINER))
    done = subprocess.run(
        [judge, "check-config", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_every_severity_reaches_people(judge, tmp_path, severity):
    """No alert falls through the routes."""
    done = run(
        *(judge, tmp_path / "a.yml", "config", "routes", "test"),
        *("--verify.receivers=people", f"severity={severity}"),
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("severity", ["page", "ticket"])
def test_the_retrainer_hears_what_is_for_it_beside_people(judge, tmp_path, severity):
    """The label leads there, with nobody left out; without it the retrainer hears nothing."""
    for label, receivers in (("true", "retrainer,people"), ("false", "people")):
        done = run(
            *(judge, tmp_path / "a.yml", "config", "routes", "test"),
            *(f"--verify.receivers={receivers}", f"severity={severity}", f"retrain={label}"),
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_retrainer_hears_of_each_model_at_once_and_again():
    """An alert is not held back for others; one that came to nothing is told again soon."""
    document = yaml.safe_load(render_alertmanager(Channels(), RETRAINER))
    route = document["route"]["routes"][0]
    assert (route["receiver"], route["group_by"], route["group_wait"]) == (
        *("retrainer", ["model"]),
        "0s",
    )
    assert route["repeat_interval"] == "5m"
    _people, retrainer = document["receivers"]
    assert retrainer["webhook_configs"] == [
        {"url": "http://retrainer:5002/alerts", "send_resolved": False}
    ]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("none", set()),
        ("mail", {"email_configs"}),
        ("slack", {"slack_configs"}),
        ("webhook", {"webhook_configs"}),
        ("all", {"email_configs", "slack_configs", "webhook_configs"}),
    ],
)
def test_each_channel_is_a_way_that_also_tells_the_end(name, kinds):
    """A stack has the ways that it sets and no others."""
    people, _retrainer = yaml.safe_load(render_alertmanager(CHANNELS[name], RETRAINER))["receivers"]
    assert set(people) - {"name"} == kinds
    assert all(way["send_resolved"] for kind in kinds for way in people[kind])


def test_secrets_are_files():
    """The configuration names each file and holds none of the values."""
    text = render_alertmanager(CHANNELS["all"], RETRAINER)
    assert all(f"_file: {secret}\n" in text for secret in SECRETS)
    assert "password: " not in text
    assert "https://" not in text


def test_a_cause_holds_back_what_it_explains():
    """A dead API is one message, not five."""
    rules = yaml.safe_load(render_alertmanager(Channels(), RETRAINER))["inhibit_rules"]
    held = {
        r["source_matchers"][0].split('"')[1]: set(r["target_matchers"][0].split('"')[1].split("|"))
        for r in rules
    }
    assert held["ApiDown"] >= {"NoTraffic", "LatencyBudgetBurnsFast", "ErrorRatioHigh"}
    assert {name for names in held.values() for name in names} == {
        alert.name for alert in ALERTS if alert.because_of
    }


def test_drift_of_one_model_does_not_hold_back_that_of_another():
    """Its warnings go with it; a dead API explains everything, whatever the labels."""
    rules = yaml.safe_load(render_alertmanager(Channels(), RETRAINER))["inhibit_rules"]
    equal = {rule["source_matchers"][0].split('"')[1]: rule.get("equal") for rule in rules}
    assert equal["FeatureDrift"] == ["model"]
    assert equal["ApiDown"] is None
