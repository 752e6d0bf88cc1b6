"""The real Prometheus, Alertmanager and node exporter watch the real application."""

import pytest

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
            until(lambda: made.value("count(scrape_duration_seconds offset 1s) >= 4"))
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
