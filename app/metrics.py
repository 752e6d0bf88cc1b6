"""Every metric of the service: the names that monitoring imports, and the objects that count."""

import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.distributions import FEATURE_ROWS, OUTPUT_ROWS, Distributions
from app.model import ServedModel
from app.process_figures import GC_COLLECTIONS, ProcessFigures
from app.schema import Floats
from app.shared_metrics import VARIABLE, forget_dead_workers

log = logging.getLogger(__name__)

__all__ = [
    "DATABASE_SEEN",
    "ERRORS",
    "FEATURE_ROWS",
    "FEEDBACK_ROWS",
    "GC_COLLECTIONS",
    "HTTP_FAULTS",
    "JOURNAL_BYTES",
    "JOURNAL_DAMAGED",
    "JOURNAL_MAX_BYTES",
    "JOURNAL_SET_ASIDE",
    "LATENCY",
    "LIVE_RMSE",
    "LIVE_ROWS",
    "MODEL_INFO",
    "OUTPUT_ROWS",
    "REQUESTS",
    "ROWS",
    "UNRECORDED",
    "VIOLATIONS",
    "Metrics",
]

REQUESTS = "prediction_requests_total"
ERRORS = "prediction_errors_total"
HTTP_FAULTS = "http_faults_total"
ROWS = "prediction_rows_total"
VIOLATIONS = "prediction_violations_total"
LATENCY = "prediction_latency_seconds"
MODEL_INFO = "model_version_info"
UNRECORDED = "prediction_unrecorded_total"
FEEDBACK_ROWS = "feedback_rows_total"
LIVE_RMSE = "prediction_live_rmse"
LIVE_ROWS = "prediction_live_rows"
JOURNAL_BYTES = "prediction_journal_bytes"
JOURNAL_MAX_BYTES = "prediction_journal_max_bytes"
JOURNAL_DAMAGED = "prediction_journal_damaged_total"
JOURNAL_SET_ASIDE = "prediction_journal_set_aside_segments"
DATABASE_SEEN = "prediction_database_seen_timestamp_seconds"

# From a quarter of a millisecond (one row) to seconds (thousands of rows on a busy host).
LATENCY_BUCKETS_S = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
COUNT_EVERY_S = 1.0
OTHER = "other"
"""The column of a violation when the model has none of the name that was sent."""

Identity = tuple[str, str, str]
"""A model's name, version and run."""


class Metrics:
    """The counters of one application.

    Series are bound here, once: binding labels on every request costs a microsecond, and a series
    that appears with its first error has no zero to rise from. With PROMETHEUS_MULTIPROC_DIR set
    (`app.shared_metrics`) the counts are those of all workers.
    """

    def __init__(self) -> None:
        counted, here = CollectorRegistry(), CollectorRegistry()
        self.requests = Counter(REQUESTS, "Requests for predictions.", registry=counted)
        errors = Counter(
            ERRORS, "Requests for predictions without any.", ["reason"], registry=counted
        )
        self.bad_input = errors.labels("bad_input")
        self.no_model = errors.labels("no_model")
        self.unauthorized = errors.labels("unauthorized")
        self.unavailable = errors.labels("unavailable")
        self.internal = errors.labels("internal")
        self.http_faults = Counter(
            HTTP_FAULTS, "Requests for anything but predictions that failed.", registry=counted
        )
        self.violations = Counter(
            VIOLATIONS,
            "Refused predictions, by the column whose value was missing, no number, not plausible.",
            ["column"],
            registry=counted,
        )
        self.violations.labels(OTHER)
        self.rows = Counter(ROWS, "Rows predicted.", registry=counted)
        self.latency = Histogram(
            LATENCY,
            "Seconds from a request's head to its answer, successful or not.",
            buckets=LATENCY_BUCKETS_S,
            registry=counted,
        )
        self.unrecorded = Counter(
            UNRECORDED, "Predictions answered but not recorded.", registry=counted
        )
        self.feedback_rows = Counter(
            FEEDBACK_ROWS, "True values told, each counted once.", registry=counted
        )
        self._distributions = Distributions(counted)
        self._process = ProcessFigures(counted)
        self._sampling = threading.Lock()
        self._models = _Models()
        self._here = here
        PlatformCollector(here)
        here.register(self._models)
        folder = os.environ.get(VARIABLE)
        self._folder = Path(folder) if folder else None
        if self._folder is not None:
            counted = CollectorRegistry()
            MultiProcessCollector(counted, str(self._folder))  # type: ignore[no-untyped-call]
        self._told = (counted, here)

    def served(self, models: Iterable[Identity]) -> None:
        """Say which versions are served from now on."""
        self._models.served = tuple(models)

    def takes(self, columns: Iterable[str]) -> None:
        """Say which columns may be violated."""
        for name in columns:
            self.violations.labels(name)

    def predicted(self, model: ServedModel, rows: Floats, predictions: Sequence[float]) -> None:
        """Count the rows of an answer."""
        self.rows.inc(len(predictions))
        self._distributions.add(model, rows, predictions)

    def start(self) -> None:
        """Count in a background thread what requests leave to be counted."""
        threading.Thread(target=self._keep_counting, name="count", daemon=True).start()

    def count(self) -> None:
        """Count what requests left, and look at this process."""
        self._distributions.count()
        with self._sampling:
            self._process.sample()

    def add(self, collector: Collector) -> None:
        """Take in figures that are made elsewhere, and told by whichever worker is asked."""
        self._here.register(collector)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        self.count()
        if self._folder is not None:
            forget_dead_workers(self._folder)
        return b"".join(generate_latest(registry) for registry in self._told)

    def _keep_counting(self) -> None:
        while True:
            time.sleep(COUNT_EVERY_S)
            # Without this thread, only whoever asks for the figures would count.
            try:
                self.count()
            except Exception:
                log.exception("counting failed")


class _Models(Collector):
    """Tells which versions this worker serves: as the others, but for the moment of a change."""

    def __init__(self) -> None:
        self.served: tuple[Identity, ...] = ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return one series for each model."""
        text = "1 for each model version that is served."
        family = GaugeMetricFamily(MODEL_INFO, text, labels=["model", "version", "run_id"])
        for identity in self.served:
            family.add_metric(list(identity), 1.0)
        yield family
