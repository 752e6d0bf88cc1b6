"""Tells Prometheus of the retrainings, from their table: so the counts survive every restart."""

import itertools
import logging
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import loop_metrics as names
from app.database.connection import Database, UnavailableError
from app.database.retrainings import OUTCOMES, PROMOTED, Tally, tallies, unfinished
from training.schema import PROBLEMS

log = logging.getLogger(__name__)
BY = ("model", "outcome")


class History(Collector):
    """Shows how the retrainings ended; nothing while the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Yield one metric a figure."""
        try:
            with self._database.reading() as connection:
                ended = tallies(connection)
                running = any(each.tries for each in unfinished(connection))
        except UnavailableError as error:
            log.warning("no figures of retrainings: %s", error)
            return
        yield GaugeMetricFamily(
            names.RETRAINING_RUNNING, "1 while a retraining runs.", value=float(running)
        )
        yield _counts(ended)
        yield from _last(ended)
        yield _to_served(ended)


def _counts(ended: Iterable[Tally]) -> Metric:
    family = CounterMetricFamily(
        names.RETRAININGS, "Retrainings that ended, by how they did.", labels=BY
    )
    counted = {(each.model, each.outcome): each.count for each in ended}
    # From the beginning, so that the first one is seen as an increase.
    for of in sorted({*itertools.product(PROBLEMS, OUTCOMES), *counted}):
        family.add_metric(of, counted.get(of, 0))
    return family


def _last(ended: Iterable[Tally]) -> Iterable[Metric]:
    at = GaugeMetricFamily(
        names.RETRAINING_ENDED, "When the last one with this outcome ended.", labels=BY
    )
    took = GaugeMetricFamily(
        names.RETRAINING_SECONDS, "How long it took, from when it was asked for.", labels=BY
    )
    for each in ended:
        if each.last.ended_at is not None:
            at.add_metric([each.model, each.outcome], each.last.ended_at)
            took.add_metric([each.model, each.outcome], each.last.ended_at - each.last.at)
    yield at
    yield took


def _to_served(ended: Iterable[Tally]) -> Metric:
    family = GaugeMetricFamily(
        names.ALERT_TO_SERVED,
        "From the alert's beginning to its version being served, of the last promoted one.",
        labels=["model"],
    )
    for each in ended:
        last = each.last
        if each.outcome == PROMOTED and last.alert_at is not None and last.served_at is not None:
            family.add_metric([each.model], last.served_at - last.alert_at)
    return family
