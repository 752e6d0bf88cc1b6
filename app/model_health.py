"""Tells of the served models what alerts compare: is the registry followed, how good they were."""

from collections.abc import Iterable
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.model import ServedModel

MODEL_STALE = "model_stale"
BASELINE_RMSE = "model_baseline_rmse"


class Served(Protocol):
    """The served models, as far as they are told of."""

    @property
    def default(self) -> ServedModel | None:
        """The model that answers when none is named."""

    @property
    def problem(self) -> str | None:
        """Why there is none, or why it may be stale."""


class ModelHealth(Collector):
    """Looks at the models when it is asked: nothing has to be told on the way of a request."""

    def __init__(self, models: Served) -> None:
        self._models = models

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return whether the model may be stale, and the RMSE that it had on its test rows."""
        model, problem = self._models.default, self._models.problem
        stale = "1 while the registry can't be followed and the last good model is served."
        yield GaugeMetricFamily(MODEL_STALE, stale, value=float(bool(model and problem)))
        told = "RMSE that the served version had on its test rows when it was trained."
        baseline = GaugeMetricFamily(BASELINE_RMSE, told, labels=["model", "version"])
        if model and model.baseline_rmse is not None:
            baseline.add_metric([model.name, model.version], model.baseline_rmse)
        yield baseline
