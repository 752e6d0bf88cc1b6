"""Pure: the drift report as one HTML page that needs no other file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader
from scipy import stats  # type: ignore[import-untyped]

from app.loop_limits import DRIFTED_AT_ONCE, PSI_DRIFTED, PSI_WARN
from monitoring.retrainer.drift import Floats, ReferenceValues, drifted, psi, shares

TEMPLATES = Path(__file__).parent / "templates"
BARS = 24
ENDS = (0.005, 0.995)
"""Quantiles between which a histogram is drawn: what lies beyond is in its first and last bar."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
CALM, WARNED, DRIFTED = "calm", "begins to drift", "drifted"


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: shares of the reference's rows and of the window's."""

    low: float
    high: float
    reference: float
    window: float


@dataclass(frozen=True)
class Quantile:
    """A quantile of both."""

    share: float
    reference: float
    window: float


@dataclass(frozen=True)
class Feature:
    """One feature, or the prediction, compared with the reference."""

    name: str
    psi: float
    ks: float
    p_value: float
    bars: Sequence[Bar]
    quantiles: Sequence[Quantile]

    @property
    def verdict(self) -> str:
        """Say by its PSI whether it has drifted."""
        if self.psi > PSI_DRIFTED:
            return DRIFTED
        return WARNED if self.psi > PSI_WARN else CALM

    @property
    def tallest(self) -> float:
        """The share of the tallest bar."""
        return max(max(bar.reference, bar.window) for bar in self.bars)


@dataclass(frozen=True)
class VersionError:
    """The live error of a version, over so many rows with true values."""

    version: str
    rmse: float
    rows: int


@dataclass(frozen=True)
class Facts:
    """What the report tells.

    Parameters
    ----------
    version
        The champion, whose training rows are the reference.
    answered_by
        The versions that answered the rows of the window.
    began_at, ended_at
        When the first and the last row of the window were served: seconds since 1970.
    features
        The one that drifted most first; the prediction is among them.
    baseline_rmse
        The champion's on its test rows; None for one from before it was kept.
    violations
        Refused predictions by column since the API started; None when it did not answer.
    """

    model: str
    version: str
    answered_by: Sequence[str]
    reference_rows: int
    rows: int
    began_at: float
    ended_at: float
    features: Sequence[Feature]
    errors: Sequence[VersionError]
    baseline_rmse: float | None
    violations: Mapping[str, float] | None

    @property
    def drifted(self) -> int:
        """Count the input features that have drifted."""
        return drifted({each.name: each.psi for each in self.features})


def compared(name: str, reference: Floats, window: Floats) -> Feature:
    """Compare a feature's values in the window, (rows,), with the reference's, (rows,)."""
    known = ReferenceValues.of(reference)
    test = stats.ks_2samp(reference, window)
    return Feature(
        name,
        psi(known.shares, shares(window, known.edges)),
        float(test.statistic),
        float(test.pvalue),
        bars(reference, window),
        [
            Quantile(share, float(np.quantile(reference, share)), float(np.quantile(window, share)))
            for share in QUANTILES
        ],
    )


def bars(reference: Floats, window: Floats) -> list[Bar]:
    """Return the bars of both histograms, equally wide, over the range of both."""
    ends = [np.quantile(values, ENDS) for values in (reference, window)]
    low, high = float(np.min(ends)), float(np.max(ends))
    if low == high:
        # A bar needs some width to be seen.
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BARS + 1)
    heights = [shares(values, edges[1:-1]) for values in (reference, window)]
    return [
        Bar(float(left), float(right), float(before), float(now))
        for left, right, before, now in zip(edges, edges[1:], *heights, strict=False)
    ]


def page(facts: Facts) -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"instant": _instant, "short": _short}
    return environment.get_template("drift.html").render(
        facts=facts, limits={"warn": PSI_WARN, "drifted": PSI_DRIFTED, "at_once": DRIFTED_AT_ONCE}
    )


def _instant(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _short(value: float) -> str:
    return f"{value:.4g}"
