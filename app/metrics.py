"""Every metric of the service: the names that monitoring imports, and the objects that count."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

REQUESTS = "prediction_requests_total"
ERRORS = "prediction_errors_total"
ROWS = "prediction_rows_total"
LATENCY = "prediction_latency_seconds"
MODEL_INFO = "model_version_info"
UNRECORDED = "prediction_unrecorded_total"
FEEDBACK_ROWS = "feedback_rows_total"
LIVE_RMSE = "prediction_live_rmse"
LIVE_ROWS = "prediction_live_rows"
JOURNAL_BYTES = "prediction_journal_bytes"
JOURNAL_DAMAGED = "prediction_journal_damaged_total"
GC_COLLECTIONS = "python_gc_collections_total"

# From a quarter of a millisecond (one row) to seconds (thousands of rows on a busy host).
LATENCY_BUCKETS_S = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """The counters of one application, in a registry of its own.

    Series are bound here, once: binding labels on every request costs a microsecond, and a series
    that appears with its first error has no zero to rise from.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        GCCollector(self._registry)
        PlatformCollector(self._registry)
        ProcessCollector(registry=self._registry)
        self.requests = Counter(REQUESTS, "Requests to /predict.", registry=self._registry)
        errors = Counter(
            ERRORS, "Requests to /predict without predictions.", ["reason"], registry=self._registry
        )
        self.bad_input = errors.labels("bad_input")
        self.no_model = errors.labels("no_model")
        self.internal = errors.labels("internal")
        self.rows = Counter(ROWS, "Rows predicted.", registry=self._registry)
        self.latency = Histogram(
            LATENCY,
            "Seconds from a read request to its answer, successful or not.",
            buckets=LATENCY_BUCKETS_S,
            registry=self._registry,
        )
        self.unrecorded = Counter(
            UNRECORDED, "Predictions answered but not recorded.", registry=self._registry
        )
        self.feedback_rows = Counter(
            FEEDBACK_ROWS, "True values told, each counted once.", registry=self._registry
        )
        self._model = Gauge(
            MODEL_INFO,
            "1 for the model version that is served.",
            ["model", "version", "run_id"],
            registry=self._registry,
        )

    def served(self, model: str, version: str, run_id: str) -> None:
        """Say which version is served from now on."""
        self._model.clear()
        self._model.labels(model, version, run_id).set(1)

    def add(self, collector: Collector) -> None:
        """Take in figures that are made elsewhere."""
        self._registry.register(collector)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)
