"""Measures the drift of each served model, again and again, and tells it to Prometheus."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from app.database.connection import Database, UnavailableError
from app.database.recent import labelled_count, served
from app.database.retrainings import last_judged
from app.loop_limits import DRIFTED_AT_ONCE, PSI_WARN, WINDOW_ROWS
from app.loop_metrics import (
    DRIFT_CHECKED,
    DRIFT_KS,
    DRIFT_PSI,
    DRIFT_REPORT,
    DRIFT_ROWS,
    DRIFTED_FEATURES,
    LABELLED_ROWS,
)
from app.registry import ModelVersion, Registry
from app.rest import RegistryError, Rest
from monitoring.retrainer.drift import FeatureDrift, drifted, measure
from monitoring.retrainer.reference import NoReferenceError, References
from monitoring.retrainer.reports import CALM, DRIFTED, WARNED, Report, Reports, Start, starter
from training.tracking import CHAMPION

log = logging.getLogger(__name__)

REGISTRY = ""
"""No model: what holds of all, and has no label in the figures."""
COUNT_EVERY_S = 60.0
"""A model that was never retrained may have very many, and they take 0.1 s."""


@dataclass(frozen=True)
class Figures:
    """What was measured of a model; `drift` is empty while there are too few rows."""

    rows: int
    labelled: int
    drift: Mapping[str, FeatureDrift] = field(default_factory=dict)
    report: Report | None = None

    @property
    def drifted(self) -> int:
        """Count the input features that have drifted."""
        return drifted({name: drift.psi for name, drift in self.drift.items()})

    @property
    def level(self) -> int:
        """Tell how much it drifts, as reports go by it."""
        if self.drifted >= DRIFTED_AT_ONCE:
            return DRIFTED
        worst = max((drift.psi for drift in self.drift.values()), default=0.0)
        return WARNED if worst > PSI_WARN else CALM


class Watch(Collector):
    """Looks at the newest rows of every champion, and keeps what it found for whoever asks.

    A fault is logged when it begins and when it has passed. What could not be measured just now
    keeps its figures; `DRIFT_CHECKED` then says how old they are, of each model and the registry.
    """

    def __init__(self, database: Database, uri: str, start: Start | None = None) -> None:
        self._database = database
        rest = Rest(uri)
        self._registry = Registry(rest)
        self._references = References(self._registry)
        self._reports = Reports(rest, start or starter(database.url, uri))
        self._champions: Mapping[str, ModelVersion] = {}
        self._figures: Mapping[str, Figures] = {}
        self._counted: dict[str, tuple[float, float, int]] = {}
        self._faults: dict[str, str] = {}
        self._checked: Mapping[str, float] = {}

    def step(self, now: float) -> None:
        """Measure once; `now` is in seconds since 1970. Nothing that fails is raised."""
        self._reports.step(now)
        faults = dict(self._look_at_registry())
        figures = {}
        for name, version in self._champions.items():
            try:
                figures[name] = self._measure(version, now)
            except NoReferenceError as error:
                faults[name] = str(error)
            # The thread must outlive whatever a step meets, or drift is never measured again.
            except Exception as error:  # noqa: BLE001
                faults[name] = f"drift of {name} is not measured: {_reason(error)}"
                if name in self._figures:
                    figures[name] = self._figures[name]
        self._figures = figures
        self._say(faults)
        # A watch that never succeeds is to be seen too: its age begins with its first attempt.
        self._checked = {
            subject: self._checked.get(subject, now) if faults.keys() & {REGISTRY, subject} else now
            for subject in (REGISTRY, *self._champions)
        }

    def collect(self) -> Iterable[Metric]:
        """Yield one metric a figure."""
        figures = self._figures
        yield from _of_features(figures)
        yield from _of_models(figures)
        report = GaugeMetricFamily(
            DRIFT_REPORT,
            "1 for the newest report of a model's drift, in MLflow.",
            labels=["model", "experiment_id", "run_id"],
        )
        for name, found in figures.items():
            if found.report is not None:
                report.add_metric([name, found.report.experiment_id, found.report.run_id], 1.0)
        yield report
        checked = GaugeMetricFamily(
            DRIFT_CHECKED,
            "When a model's drift, or without one the registry, was last seen, or first tried.",
            labels=["model"],
        )
        for subject, at in self._checked.items():
            checked.add_metric([subject], at)
        yield checked

    def close(self) -> None:
        """End what was started."""
        self._reports.close()

    def _look_at_registry(self) -> Iterator[tuple[str, str]]:
        """Find the champions; those of before stay while the registry is away."""
        try:
            self._champions = self._registry.champions(CHAMPION)
        except RegistryError as error:
            yield REGISTRY, str(error)

    def _measure(self, version: ModelVersion, now: float) -> Figures:
        name, reference = version.name, self._references.of(version)
        with self._database.reading() as connection:
            window = served(connection, name, WINDOW_ROWS)
            labelled = self._labelled(connection, name, now)
        # Others are of a model that had the name before.
        fits = window.rows.shape[1] == len(reference.columns)
        rows = len(window.rows) if fits else 0
        report = self._reports.newest(name)
        if rows < WINDOW_ROWS:
            return Figures(rows, labelled, report=report)
        drift = measure(reference, window.rows, window.predictions)
        figures = Figures(rows, labelled, drift, report)
        self._reports.want(name, figures.level, now)
        return figures

    def _labelled(self, connection: Connection, name: str, now: float) -> int:
        last = last_judged(connection, name)
        since = (last and last.collected_at) or 0.0
        until, counted_since, count = self._counted.get(name, (0.0, -1.0, 0))
        if now >= until or counted_since != since:
            count = labelled_count(connection, name, since)
            self._counted[name] = now + COUNT_EVERY_S, since, count
        return count

    def _say(self, faults: dict[str, str]) -> None:
        for subject, message in faults.items():
            if self._faults.get(subject) != message:
                log.warning("%s", message)
        for subject in self._faults.keys() - faults.keys():
            log.warning("drift is measured again: %s", subject or "the registry answers")
        self._faults = faults


def _of_features(figures: Mapping[str, Figures]) -> Iterable[Metric]:
    psi = GaugeMetricFamily(
        DRIFT_PSI,
        "Population stability index of the newest rows against those trained on.",
        labels=["model", "feature"],
    )
    ks = GaugeMetricFamily(
        DRIFT_KS,
        "Kolmogorov-Smirnov statistic of the newest rows against those trained on.",
        labels=["model", "feature"],
    )
    for model, found in figures.items():
        for feature, drift in found.drift.items():
            psi.add_metric([model, feature], drift.psi)
            ks.add_metric([model, feature], drift.ks)
    return psi, ks


def _of_models(figures: Mapping[str, Figures]) -> Iterable[Metric]:
    drifted = GaugeMetricFamily(
        DRIFTED_FEATURES, "Input features that have drifted.", labels=["model"]
    )
    rows = GaugeMetricFamily(
        DRIFT_ROWS, "The newest rows that drift is measured on.", labels=["model"]
    )
    labelled = GaugeMetricFamily(
        LABELLED_ROWS, "True values told since the last retraining.", labels=["model"]
    )
    for model, found in figures.items():
        rows.add_metric([model], found.rows)
        labelled.add_metric([model], found.labelled)
        if found.drift:
            drifted.add_metric([model], found.drifted)
    return drifted, rows, labelled


def _reason(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, UnavailableError) else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]
