"""Measures how long two models take for one request, side by side."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data import Floats
from training.models.interface import Model

MOST_CALLS = 200
LEAST_CALLS = 10
MOST_SECONDS = 1.0
"""Of measuring one size of request: slow models are measured by fewer calls."""


@dataclass(frozen=True)
class Latency:
    """Median and 99th percentile of a request of so many rows, in milliseconds."""

    rows: int
    p50_ms: float
    p99_ms: float


def measure(models: Sequence[Model], rows: Floats, size: int) -> list[Latency]:
    """Return each model's latency for requests of `size` rows.

    The models take turns, so that whatever else the machine does slows all of them.

    Parameters
    ----------
    rows
        (rows, columns), at least one; requests go through them in their order, again and again.
    """
    requests = _requests(rows, size)
    for model in models:
        model.predict(requests[0])
    taken: list[list[float]] = [[] for _ in models]
    end = time.perf_counter() + MOST_SECONDS
    for call in range(MOST_CALLS):
        if call >= LEAST_CALLS and time.perf_counter() > end:
            break
        request = requests[call % len(requests)]
        for model, seconds in zip(models, taken, strict=True):
            began = time.perf_counter()
            model.predict(request)
            seconds.append(time.perf_counter() - began)
    return [_latency(size, seconds) for seconds in taken]


def _requests(rows: Floats, size: int) -> list[Floats]:
    enough = np.resize(np.arange(len(rows)), max(size, len(rows) - len(rows) % size))
    return [rows[enough[start : start + size]] for start in range(0, len(enough), size)]


def _latency(size: int, seconds: Sequence[float]) -> Latency:
    p50, p99 = np.quantile(seconds, (0.5, 0.99)) * 1_000
    return Latency(size, float(p50), float(p99))
