"""Shows the keeper's figures in /metrics, the same in every worker."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.keeper.figures import read, written_at
from app.metrics import (
    DATABASE_SEEN,
    JOURNAL_BYTES,
    JOURNAL_DAMAGED,
    JOURNAL_MAX_BYTES,
    JOURNAL_SET_ASIDE,
    LIVE_RMSE,
    LIVE_ROWS,
)
from app.settings import Settings
from app.spool import segments


class FiguresCollector(Collector):
    """Shows the figures to Prometheus.

    What is said of the journal is read from its folder: it matters most while the keeper is stuck.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def collect(self) -> Iterable[Metric]:
        """Yield one metric a figure."""
        figures = read(self._settings.data_dir)
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
        yield from self._journal()
        yield CounterMetricFamily(
            JOURNAL_DAMAGED,
            "Records of the journal that were incomplete or that the database refused.",
            value=figures.damaged if figures else 0,
        )

    def _journal(self) -> Iterable[Metric]:
        folder = self._settings.journal_dir
        for name, text, value in (
            (
                JOURNAL_BYTES,
                "Bytes of predictions that wait for the database.",
                segments.bytes_in(folder),
            ),
            (
                JOURNAL_MAX_BYTES,
                "Bytes of predictions that may wait.",
                self._settings.journal_max_bytes,
            ),
            (
                JOURNAL_SET_ASIDE,
                "Files of the journal that somebody has to look at.",
                len(segments.those_set_aside(folder)),
            ),
            (
                DATABASE_SEEN,
                "When the journal could last be moved to the database.",
                written_at(self._settings.data_dir),
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)
