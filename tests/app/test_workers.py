"""Several workers of one server: whichever answers, /metrics tells of all, the dead included."""

import os
import signal
import time
from pathlib import Path

import pytest

from app.example import EXAMPLE_BODY
from tests.app.server import ask, running

pytestmark = pytest.mark.e2e

REQUESTS = 40


def metrics(address: str) -> dict[str, float]:
    lines = ask(f"{address}/metrics")[1].splitlines()
    told = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {series: float(value) for series, value in told}


def workers(folder: Path) -> set[int]:
    """Return the processes whose counts are kept."""
    return {int(file.stem.rpartition("_")[2]) for file in folder.rglob("counter_*.db")}


def settled(address: str) -> dict[str, float]:
    """Return the metrics when every worker has counted the rows that it answered."""
    time.sleep(1.5)
    return metrics(address)


def test_counts_are_those_of_all_workers_and_survive_them(tmp_path):
    """Requests, bins and collections of two workers are added up; kill -9 loses no request."""
    with running(tmp_path, workers=2) as address:
        for _ in range(REQUESTS):
            assert ask(f"{address}/predict", EXAMPLE_BODY)[0] == 200
        assert ask(f"{address}/predict", b"{")[0] == 400
        before = settled(address)
        assert before["prediction_requests_total"] == REQUESTS + 1
        assert before['prediction_errors_total{reason="bad_input"}'] == 1
        assert before["prediction_latency_seconds_count"] == REQUESTS + 1
        # An income of 8.3252 lies between the edges 8 and 9.
        name = 'feature="MedInc",model="california-housing"'
        assert before[f'prediction_feature_rows_total{{bin="8",{name}}}'] == REQUESTS
        outputs = 'prediction_output_rows_total{bin="9",model="california-housing"}'
        assert before[outputs] == REQUESTS
        assert before['python_gc_collections_total{generation="0"}'] > 0
        known = workers(tmp_path)
        assert len(known) == 2
        os.kill(min(known), signal.SIGKILL)
        end = time.monotonic() + 30
        while len(workers(tmp_path)) < 3 and time.monotonic() < end:
            time.sleep(0.1)
        for _ in range(REQUESTS):
            assert ask(f"{address}/predict", EXAMPLE_BODY)[0] == 200
        after = settled(address)
    assert after["prediction_requests_total"] == 2 * REQUESTS + 1
    assert after[f'prediction_feature_rows_total{{bin="8",{name}}}'] == 2 * REQUESTS
    # Memory is of the living: three workers' would be half as much again.
    memory = "process_resident_memory_bytes"
    assert after[memory] < 1.25 * before[memory]
