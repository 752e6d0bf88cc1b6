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

Key = tuple[str, str, str, tuple[str, ...]]
"""A model deleted and made anew has its version 1 again, of another run and maybe other columns."""

MOST_WAITING = 20_000
"""Requests whose rows may wait to be counted; the next one counts them all."""


class Distributions:
    """Takes each request's rows, which costs next to nothing; `count` counts many at a time.

    The series are a model's, not a version's: workers share them in files from which none can be
    removed, and every new champion would add its own for the server's life.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._feature_rows = Counter(
            FEATURE_ROWS,
            "Rows by the decile of the training rows that a feature's value is in.",
            ["model", "feature", "bin"],
            registry=registry,
        )
        self._output_rows = Counter(
            OUTPUT_ROWS,
            "Rows by the decile of the training rows' predictions that the prediction is in.",
            ["model", "bin"],
            registry=registry,
        )
        self._waiting: deque[tuple[ServedModel, Floats, Sequence[float]]] = deque()
        self._counting = threading.Lock()

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
            found: dict[Key, list[tuple[ServedModel, Floats, Sequence[float]]]] = {}
            while self._waiting:
                request = self._waiting.popleft()
                model = request[0]
                key = (model.name, model.version, model.run_id, model.schema.names)
                found.setdefault(key, []).append(request)
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
        bins = [str(number) for number in range(BINS)]
        return [
            *(
                [self._feature_rows.labels(model.name, name, number) for number in bins]
                for name in model.schema.names
            ),
            [self._output_rows.labels(model.name, number) for number in bins],
        ]
