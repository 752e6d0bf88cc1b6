"""Shows the keeper's figures in /metrics, the same in every worker."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.keeper.figures import read
from app.metrics import JOURNAL_BYTES, JOURNAL_DAMAGED, LIVE_RMSE, LIVE_ROWS


class FiguresCollector(Collector):
    """Shows the figures to Prometheus."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Yield one metric a figure."""
        figures = read(self._folder)
        rmse = GaugeMetricFamily(
            LIVE_RMSE,
            "Root of the mean squared difference to the true values, over the newest ones told.",
            labels=["model", "version"],
        )
        rows = GaugeMetricFamily(
            LIVE_ROWS, "True values behind the live error.", labels=["model", "version"]
        )
        for model, version, error, count in figures.live if figures else ():
            rmse.add_metric([model, version], error)
            rows.add_metric([model, version], count)
        yield rmse
        yield rows
        yield GaugeMetricFamily(
            JOURNAL_BYTES,
            "Bytes of predictions that wait for the database.",
            value=figures.waiting_bytes if figures else 0,
        )
        yield CounterMetricFamily(
            JOURNAL_DAMAGED,
            "Records of the journal that were incomplete or that the database refused.",
            value=figures.damaged if figures else 0,
        )
