"""The real Prometheus, Alertmanager and node exporter watch the real application."""

import time

import pytest

from app.loop_limits import PSI_DRIFTED
from app.status.blueprint import KEPT
from app.status.queries import COURSE
from monitoring.grafana import queries
from monitoring.panels import WINDOW
from tests.e2e.monitoring_stack import ROW, MonitoringStack, until
from tests.monitoring import tools

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The programs, with traffic that was scraped more than once."""
    folder = tmp_path_factory.mktemp("monitoring")
    made = MonitoringStack(folder, tools.monitoring_programs(folder / ".local"))
    try:
        for _ in range(5):
            assert made.api.predict(ROW) == 200
            assert made.api.predict({"features": "none"}) == 400
            until(lambda: made.value("count(scrape_duration_seconds offset 1s) >= 5"))
        yield made
    finally:
        made.stop()


def test_every_panel_has_data(watched):
    """Each query of each dashboard, as Grafana would send it."""
    asked = {name: text.replace(WINDOW, "1m") for name, text in queries().items()}
    assert len(asked) > 100

    def empty():
        return [name for name, text in asked.items() if not watched.value(text)]

    until(lambda: not empty(), timeout_s=15)
    assert empty() == []


def test_the_status_page_is_told_all_of_it(watched):
    """What it asks is answered by the real Prometheus, quickly."""

    def looked():
        watched.api.app.extensions[KEPT].clear()
        assert watched.api.predict(ROW) == 200
        assert watched.api.predict({"features": "none"}) == 400
        told = watched.api.status()
        drawn = all(any(told["course"][name]) for name in COURSE)
        return told if drawn and None not in told["now"].values() else None

    # The last step that is drawn may be of before the first request.
    told = until(looked, timeout_s=40)
    watched.api.app.extensions[KEPT].clear()
    started = time.monotonic()
    watched.api.status()
    assert time.monotonic() - started < 0.5
    assert set(told["problems"].values()) == {None}
    assert {each["name"] for each in told["services"] if each["up"]} >= {"xgboost-api", "retrainer"}
    assert 0 < told["now"]["error_share"] < 1
    psi = told["course"]["drift_psi"]
    assert max(value or 0 for value in psi["Longitude"]) > PSI_DRIFTED
    assert told["model"]["since"] is not None
    assert {each["outcome"] for each in told["retrainings"]} == {"promoted", "refused", "failed"}


def test_drift_is_told_with_its_report(watched):
    """To people, with the features and the link; the label starts a retraining."""
    (told, *_) = until(lambda: watched.received("FeatureDrift", "firing"))
    assert (told["labels"]["retrain"], told["labels"]["model"]) == ("true", "california-housing")
    assert "Longitude" in told["annotations"]["summary"]
    link = "https://127.0.0.1:8443/mlflow/#/experiments/7/runs/r9/artifacts"
    assert link in told["annotations"]["description"]


def test_a_dead_api_is_told_and_its_return_too(watched):
    """To people, with the address; what it explains is held back meanwhile."""
    watched.api.stop()
    (told, *_) = until(lambda: watched.received("ApiDown", "firing"))
    assert told["labels"]["severity"] == "page"
    assert str(watched.api.port) in told["annotations"]["summary"]
    assert told["annotations"]["runbook_url"] == "docs/runbook.md#apidown"

    watched.raise_alert("NoTraffic", "ticket")

    def states():
        listed = watched.get("alertmanager", "/api/v2/alerts")
        return {a["labels"]["alertname"]: a["status"]["state"] for a in listed}

    until(lambda: states().get("NoTraffic") == "suppressed", timeout_s=10)
    assert states()["NoTraffic"] == "suppressed"
    assert not watched.received("NoTraffic", "firing")

    watched.api.start()
    assert until(lambda: watched.received("ApiDown", "resolved"))
