"""What the keeper tells the workers, by a file: any worker shows it in /metrics."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.metrics import JOURNAL_BYTES, JOURNAL_DAMAGED, LIVE_RMSE, LIVE_ROWS

log = logging.getLogger(__name__)

NAME = "figures.json"


@dataclass(frozen=True)
class Figures:
    """`live` has model, version, error and rows of each version with recent feedback."""

    live: Sequence[tuple[str, str, float, int]]
    waiting_bytes: int
    damaged: int

    def write(self, folder: Path) -> None:
        """Replace the file as a whole."""
        new = folder / f"{NAME}.new"
        new.write_text(json.dumps([self.live, self.waiting_bytes, self.damaged]))
        new.replace(folder / NAME)


def read(folder: Path) -> Figures | None:
    """Return the figures; None: there are none yet."""
    try:
        live, waiting_bytes, damaged = json.loads((folder / NAME).read_text())
        return Figures(
            [(str(m), str(v), float(e), int(n)) for m, v, e, n in live],
            int(waiting_bytes),
            int(damaged),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("the keeper's figures cannot be read: %s", error)
        return None


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
