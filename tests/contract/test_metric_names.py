"""What monitoring asks for is what the service exposes."""

import re

from app.factory import create_app
from app.metrics import (
    ERRORS,
    GC_COLLECTIONS,
    LATENCY,
    MODEL_INFO,
    REQUESTS,
    ROWS,
    Metrics,
)
from app.service import Service
from app.settings import Settings
from monitoring.grafana import queries
from tests.app.fakes import FakeChampion


def exposed() -> set[str]:
    metrics = Metrics()
    metrics.served([("california-housing", "7", "run7")])
    http = create_app(Service(Settings(), FakeChampion(), metrics)).test_client()
    lines = http.get("/metrics").text.splitlines()
    return {re.split(r"[{ ]", line)[0] for line in lines if not line.startswith("#")}


def test_every_query_asks_for_an_exposed_series():
    """Each series that a dashboard query names is in a fresh service's /metrics."""
    named = {
        name for query in queries() for name in re.findall(r"\b(?:prediction|model)_\w+", query)
    }
    assert named
    assert named <= exposed()


def test_every_named_metric_is_exposed():
    """The names in app.metrics are the names on the wire, from the first scrape on."""
    assert {REQUESTS, ERRORS, ROWS, f"{LATENCY}_count", MODEL_INFO, GC_COLLECTIONS} <= exposed()
