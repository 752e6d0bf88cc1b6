"""What monitoring asks for is what the service exposes."""

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from prometheus_client import generate_latest

from app import loop_metrics
from app.factory import create_app
from app.keeper.collector import FiguresCollector
from app.keeper.figures import Figures
from app.metrics import (
    ERRORS,
    GC_COLLECTIONS,
    HTTP_FAULTS,
    LATENCY,
    MODEL_INFO,
    REQUESTS,
    ROWS,
    Metrics,
)
from app.model_health import BASELINE_RMSE, MODEL_STALE
from app.reference import Reference
from app.service import Service
from app.settings import Settings
from app.status import queries as status
from monitoring.alerts import ALERTS
from monitoring.grafana import queries
from monitoring.objectives import FAULTS, RECORDINGS, REFUSALS
from tests.app.fakes import MODEL as SERVED
from tests.app.fakes import FakeChampion
from tests.monitoring.retrainer.told import told

REFERENCE = Reference(tuple(np.arange(9.0) for _ in SERVED.schema.names), np.arange(9.0))
RATED = replace(SERVED, baseline_rmse=0.4, reference=REFERENCE)
MODEL = (RATED.name, RATED.version)
ELSEWHERE = r"(node|prometheus|alertmanager|process|scrape|edge)_\w+|up|ALERTS"
"""Told by others than the service; that they exist is tried against the real programs."""
WORDS = {"group_left", "ignoring", "and", "or", "unless", "by", "without"}


def exposition():
    metrics = Metrics()
    metrics.served([(RATED.name, RATED.version, RATED.run_id)])
    metrics.predicted(RATED, np.zeros((1, len(RATED.schema.names))), [1.0])
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        Figures([(*MODEL, 0.4, 100)], 0).write(settings.data_dir)
        metrics.add(FiguresCollector(settings))
        http = create_app(Service(settings, FakeChampion(RATED), metrics)).test_client()
        text = http.get("/metrics").text
    return [line for line in text.splitlines() if not line.startswith("#")]


def exposed():
    return {re.split(r"[{ ]", line)[0] for line in exposition()}


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Return what the retrainer exposes."""
    with told(tmp_path_factory.mktemp("loop")) as figures:
        text = generate_latest(figures).decode()
    return {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")}


def named(expression):
    """Return the series that an expression asks for."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|(by|without|ignoring) \([^)]*\)', " ", expression)
    return set(re.findall(r"(?<![\w:.])[a-zA-Z_][\w:]*(?![\w:]|\s*\()", bare)) - WORDS


ASKED = {
    **queries(),
    "status, now": status.now(),
    "status, course": status.course("m"),
    "status, since": status.since("m", "7"),
    **{alert.name: alert.expression for alert in ALERTS},
    **{recording.name: recording.expression for recording in RECORDINGS},
}


def test_names_are_found_in_an_expression():
    """The test of the names below would pass with none."""
    asked = 'max by (le) (rate(a_total{x="b_total"}[5m])) / service:c:d and node_e > 1'
    assert named(asked) == {"a_total", "service:c:d", "node_e"}


@pytest.mark.parametrize("expression", ASKED.values(), ids=ASKED)
def test_every_series_that_is_asked_for_exists(loop, expression):
    """In a fresh service's /metrics, as a recording, or in a program of others."""
    asked = named(expression)
    # A limit that is drawn as a line is asked of nobody.
    assert asked or re.fullmatch(r"vector\([\d.]+\)", expression)
    known = exposed() | loop | {recording.name for recording in RECORDINGS}
    assert {name for name in asked - known if not re.fullmatch(ELSEWHERE, name)} == set()


def test_every_named_metric_is_exposed():
    """The names in app.metrics are the names on the wire, from the first scrape on."""
    ours = {REQUESTS, ERRORS, ROWS, f"{LATENCY}_count", MODEL_INFO, GC_COLLECTIONS, HTTP_FAULTS}
    assert ours | {MODEL_STALE, BASELINE_RMSE} <= exposed()


def test_every_metric_of_the_loop_is_exposed(loop):
    """The names in app.loop_metrics are those that the retrainer tells."""
    assert {value for name, value in vars(loop_metrics).items() if name.isupper()} <= loop


def test_every_reason_that_an_alert_counts_is_one():
    """A reason with another name would be counted by nobody."""
    lines = [line for line in exposition() if line.startswith(ERRORS)]
    reasons = {re.search(r'reason="(\w+)"', line).group(1) for line in lines}
    assert {*FAULTS, *REFUSALS} <= reasons
