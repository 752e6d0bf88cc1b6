"""The alerting rules: each fires when it must, stays quiet when it must, and leads to help."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from app.metrics import LATENCY_BUCKETS_S
from monitoring.alerts import ALERTS, labels_of, render_rules
from monitoring.objectives import OBJECTIVE_S, RECORDINGS
from tests.monitoring import tools
from tests.monitoring.alert_cases import CASES

NAMES = [alert.name for alert in ALERTS]
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """promtool, in a folder with the rendered rules."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "alerts.rules.yml").write_text(render_rules())
    program = tools.promtool()

    def run(*arguments):
        return subprocess.run(
            [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )

    run.folder = folder
    return run


def document(alert, case):
    """Return promtool's test of one alert, both ways."""
    expected = {
        "exp_labels": {**case.labels, **labels_of(alert)},
        "exp_annotations": {
            "summary": case.summary,
            "description": case.description or alert.description,
            "runbook_url": alert.runbook_url,
        },
    }
    return {
        "rule_files": ["alerts.rules.yml"],
        "evaluation_interval": case.every,
        # Otherwise an alert may see a recording of the step before, hours ago in some cases.
        "group_eval_order": ["recordings", "alerts"],
        "tests": [
            {
                "interval": case.every,
                "external_url": "https://edge:8443/prometheus",
                "input_series": [{"series": s, "values": v} for s, v in series.items()],
                "alert_rule_test": [
                    {"eval_time": case.at, "alertname": alert.name, "exp_alerts": alerts}
                ],
            }
            for series, alerts in ((case.firing, [expected]), (case.quiet, []))
        ],
    }


def test_prometheus_takes_the_rules(judge):
    """Every expression parses."""
    done = judge("check", "rules", "alerts.rules.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS) + len(RECORDINGS)} rules found" in done.stdout


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_fires_and_stays_quiet(judge, alert):
    """With the values in its summary; just below its limit there is none."""
    (judge.folder / f"{alert.name}.yml").write_text(
        yaml.safe_dump(document(alert, CASES[alert.name]))
    )
    done = judge("test", "rules", f"{alert.name}.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case():
    """And no case is left of an alert that is gone."""
    assert list(CASES) == NAMES


def test_what_explains_an_alert_exists():
    """And comes before it, so that no two alerts hold each other back."""
    for place, alert in enumerate(ALERTS):
        assert set(alert.because_of) <= set(NAMES) - set(NAMES[place : place + 1])
        assert not any(
            alert.name in other.because_of for other in ALERTS if other.name in alert.because_of
        )


def test_what_retrains_names_its_model():
    """The retrainer is told by the label, and trains the model of the other label."""
    retraining = [alert.name for alert in ALERTS if labels_of(alert).get("retrain") == "true"]
    assert retraining == ["LiveRmseHigh", "FeatureDrift"]
    assert all("model" in CASES[name].labels for name in retraining)


def test_the_objective_is_a_bound_of_the_histogram():
    """Prometheus counts there; between two bounds it would guess."""
    assert OBJECTIVE_S in LATENCY_BUCKETS_S


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_leads_to_its_section_of_the_runbook(alert):
    """Which says what it means, how to look, and what to do."""
    path, _, anchor = alert.runbook_url.partition("#")
    assert (RUNBOOK.parents[1] / path) == RUNBOOK
    sections = {
        title.lower(): text
        for title, text in re.findall(
            r"^## (\w+)\n(.*?)(?=^## |\Z)", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL
        )
    }
    assert anchor in sections
    for part in ("**Means.**", "**Look.**", "**Do.**"):
        assert part in sections[anchor], part


def test_the_runbook_has_no_section_of_an_alert_that_is_gone():
    """Its headings are the alerts, in their order."""
    assert re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE) == NAMES
