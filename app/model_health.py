"""Tells of the served models what alerts compare: is the registry followed, how good they were."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.models import Followed

MODEL_STALE = "model_stale"
BASELINE_RMSE = "model_baseline_rmse"


class Served(Protocol):
    """The served models, as far as they are told of."""

    @property
    def followed(self) -> Sequence[Followed]:
        """Every model that is followed."""


class ModelHealth(Collector):
    """Looks at the models when it is asked: nothing has to be told on the way of a request."""

    def __init__(self, models: Served) -> None:
        self._models = models

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return which models may be stale, and what the live RMSE of each is compared with."""
        told = "1 while the registry can't be followed and the last good model is served."
        stale = GaugeMetricFamily(MODEL_STALE, told, labels=["model"])
        told = "RMSE of the served version on its test rows, the upper end of what it may be."
        baseline = GaugeMetricFamily(BASELINE_RMSE, told, labels=["model", "version"])
        for one in self._models.followed:
            model = one.model
            if model is not None:
                stale.add_metric([model.name], float(one.stale))
                if model.baseline_rmse is not None:
                    baseline.add_metric([model.name, model.version], model.baseline_rmse)
        yield from (stale, baseline)
