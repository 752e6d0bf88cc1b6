"""Counts the served rows and predictions in the model's reference bins, off the request's path."""

import threading
from collections import deque
from collections.abc import Sequence

import numpy as np
from prometheus_client import CollectorRegistry, Counter

from app.model import ServedModel
from app.reference import BINS, bin_rows
from app.schema import Floats

FEATURE_ROWS = "prediction_feature_rows_total"
OUTPUT_ROWS = "prediction_output_rows_total"

MOST_WAITING = 20_000
"""Requests whose rows may wait to be counted; the next one counts them all."""


class Distributions:
    """Takes each request's rows, which costs next to nothing; `count` counts many at a time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["model", "version"]
        self._feature_rows = Counter(
            FEATURE_ROWS,
            "Rows by the decile of the training rows that a feature's value is in.",
            [*labels, "feature", "bin"],
            registry=registry,
        )
        self._output_rows = Counter(
            OUTPUT_ROWS,
            "Rows by the decile of the training rows' predictions that the prediction is in.",
            [*labels, "bin"],
            registry=registry,
        )
        self._waiting: deque[tuple[ServedModel, Floats, Sequence[float]]] = deque()
        self._counting = threading.Lock()
        self._bound: dict[tuple[str, str], list[list[Counter]]] = {}

    def add(self, model: ServedModel, rows: Floats, predictions: Sequence[float]) -> None:
        """Let rows be counted later."""
        if model.reference is None:
            return
        self._waiting.append((model, rows, predictions))
        if len(self._waiting) >= MOST_WAITING:
            self.count()

    def count(self) -> None:
        """Count what waits."""
        with self._counting:
            found: dict[tuple[str, str], list[tuple[ServedModel, Floats, Sequence[float]]]] = {}
            while self._waiting:
                request = self._waiting.popleft()
                found.setdefault((request[0].name, request[0].version), []).append(request)
            for requests in found.values():
                rows = np.concatenate([rows for _, rows, _ in requests])
                predictions = np.concatenate([answers for _, _, answers in requests])
                self._count(requests[0][0], rows, predictions)

    def _count(self, model: ServedModel, rows: Floats, predictions: Floats) -> None:
        reference = model.reference
        if reference is None:
            return
        edges = [*reference.columns, reference.prediction]
        for counters, values, inner in zip(
            self._counters(model), [*rows.T, predictions], edges, strict=True
        ):
            for counter, more in zip(counters, bin_rows(values, inner), strict=True):
                if more:
                    counter.inc(more)

    def _counters(self, model: ServedModel) -> list[list[Counter]]:
        """Return the model's series: ten for each column, then ten for its predictions."""
        key = (model.name, model.version)
        if key not in self._bound:
            bins = [str(number) for number in range(BINS)]
            self._bound[key] = [
                *(
                    [self._feature_rows.labels(*key, name, number) for number in bins]
                    for name in model.schema.names
                ),
                [self._output_rows.labels(*key, number) for number in bins],
            ]
        return self._bound[key]
