"""Replays logged rows through a challenger beside the champion, before it may be promoted."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Generic, TypeVar

import numpy as np
from matplotlib.figure import Figure

from monitoring.retrainer.latency import Latency, measure
from training.data import Floats
from training.models.interface import Model, Part
from training.report.card import STYLE, picture, table
from training.report.plots import BLUE, GREY
from training.report.segments import Segment, segments
from training.schema import Problem

ROWS = 2_000
"""The newest logged rows that are replayed."""
SHOWN = 20
SIZES = (1, 1_000)
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """What the two models say to one logged row, in the target's unit."""

    row: tuple[float, ...]
    champion: float
    challenger: float


@dataclass(frozen=True)
class Pair(Generic[T]):
    """The same figures of both models."""

    champion: T
    challenger: T


@dataclass(frozen=True)
class Replay:
    """What would change for callers if the challenger were promoted.

    Parameters
    ----------
    refusal
        Why it may not be, whatever the gate says; None when nothing speaks against it.
    metrics
        Its figures by name, each with `replay_` before it; none after a refusal.
    changes
        (rows,), the challenger's prediction minus the champion's, in the target's unit.
    largest
        The rows that change most, the one of the largest change first.
    segments
        Errors on the labelled rows, quarter by quarter of each column.
    latencies
        One for each size of request.
    """

    title: str
    problem: Problem
    refusal: str | None
    metrics: Mapping[str, float]
    changes: Floats
    largest: tuple[Change, ...] = ()
    segments: tuple[Pair[Segment], ...] = ()
    latencies: tuple[Pair[Latency], ...] = ()

    def html(self) -> str:
        """Return the page, which needs no other file."""
        title = escape(self.title)
        head = f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
        body = [f"<p>Refused: {escape(self.refusal)}."] if self.refusal else _sections(self)
        return "\n".join([head, f"<h1>{title}</h1>", *body])


def replay(
    problem: Problem, champion: tuple[str, Model], challenger: Model, rows: Floats, labelled: Part
) -> Replay:
    """Let both models predict the logged rows, and compare what they say.

    Parameters
    ----------
    champion
        What it is called, as "champion 3", and its model.
    rows
        (rows, columns), the newest logged rows: at most `ROWS`, at least one.
    labelled
        Rows with true values that neither model was trained on, at least one.
    """
    name, model = champion
    title = f"{problem.name}: the challenger beside {name}, on {len(rows):,} logged rows"
    after, known = challenger.predict(rows), challenger.predict(labelled.rows)
    refusal = _refusal(np.concatenate([rows, labelled.rows]), np.concatenate([after, known]))
    if refusal is not None:
        return Replay(title, problem, refusal, {}, np.empty(0))
    before = model.predict(rows)
    pairs = _segments(problem, labelled, model.predict(labelled.rows), known)
    latencies = tuple(Pair(*measure((model, challenger), rows, size)) for size in SIZES)
    return Replay(
        title,
        problem,
        None,
        {**_change_figures(after - before), **_segment_figures(pairs), **_ms_figures(latencies)},
        after - before,
        _largest(rows, before, after),
        pairs,
        latencies,
    )


def _refusal(rows: Floats, predicted: Floats) -> str | None:
    wrong = np.flatnonzero(~np.isfinite(predicted))
    if not len(wrong):
        return None
    first = wrong[0]
    return (
        f"the challenger predicts no number for {len(wrong):,} of {len(rows):,} logged rows, "
        f"the first {rows[first].tolist()}: {predicted[first]}"
    )


def _largest(rows: Floats, before: Floats, after: Floats) -> tuple[Change, ...]:
    order = np.argsort(-np.abs(after - before), kind="stable")[:SHOWN]
    return tuple(
        Change(tuple(rows[at].tolist()), float(before[at]), float(after[at])) for at in order
    )


def _segments(
    problem: Problem, labelled: Part, before: Floats, after: Floats
) -> tuple[Pair[Segment], ...]:
    # The quarters are the rows' own, so both models have the same ones.
    found = (segments(problem, labelled.rows, labelled.target, says) for says in (before, after))
    return tuple(Pair(*pair) for pair in zip(*found, strict=True))


def _change_figures(changes: Floats) -> dict[str, float]:
    size = np.abs(changes)
    return {
        "replay_rows": float(len(changes)),
        "replay_change_mean": float(changes.mean()),
        "replay_change_size_mean": float(size.mean()),
        "replay_change_size_p99": float(np.quantile(size, 0.99)),
        "replay_change_size_max": float(size.max()),
    }


def _segment_figures(pairs: tuple[Pair[Segment], ...]) -> dict[str, float]:
    worse = [pair.challenger.rmse > pair.champion.rmse for pair in pairs]
    return {
        "replay_worst_segment_rmse": max((p.challenger.rmse for p in pairs), default=0.0),
        "replay_champion_worst_segment_rmse": max((p.champion.rmse for p in pairs), default=0.0),
        "replay_segments": float(len(pairs)),
        "replay_segments_worse": float(sum(worse)),
    }


def _ms_figures(latencies: tuple[Pair[Latency], ...]) -> dict[str, float]:
    return {
        f"replay_{prefix}{latency.rows}_rows_{name}_ms": value
        for pair in latencies
        for prefix, latency in (("champion_", pair.champion), ("", pair.challenger))
        for name, value in (("p50", latency.p50_ms), ("p99", latency.p99_ms))
    }


def _sections(replay: Replay) -> list[str]:
    """Return the page's parts in their order."""
    unit, changes = replay.problem.target.unit, replay.changes
    shares = [(f"{100 * q:g} %", float(np.quantile(changes, q))) for q in QUANTILES]
    return [
        f"<p>Changes are the challenger's prediction minus the champion's ({escape(unit)}).",
        picture("How much changes", _histogram(changes, unit)),
        table(("quantile", "change"), shares),
        "<h2>What changes most</h2>",
        table(
            (*replay.problem.column_names, "champion", "challenger", "change"),
            [(*c.row, c.champion, c.challenger, c.challenger - c.champion) for c in replay.largest],
        ),
        "<h2>Errors by segment, on rows that neither was trained on</h2>",
        table(
            ("column", "from", "to", "rows", "champion's RMSE", "RMSE", "champion's bias", "bias"),
            [
                (*(new.column, new.low, new.high, new.rows), old.rmse, new.rmse, old.bias, new.bias)
                for old, new in ((p.champion, p.challenger) for p in replay.segments)
            ],
        ),
        "<h2>Milliseconds a request</h2>",
        table(
            ("rows", "champion's p50", "p50", "champion's p99", "p99"),
            [
                (new.rows, old.p50_ms, new.p50_ms, old.p99_ms, new.p99_ms)
                for old, new in ((p.champion, p.challenger) for p in replay.latencies)
            ],
        ),
    ]


def _histogram(changes: Floats, unit: str) -> bytes:
    figure = Figure(figsize=(9, 4))
    axes = figure.subplots()
    axes.hist(changes, bins=60, color=BLUE)
    axes.axvline(0.0, color=GREY)
    axes.set(xlabel=f"challenger minus champion ({unit})", ylabel="rows")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    return file.getvalue()
