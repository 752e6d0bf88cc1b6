"""The page that puts the trials of a search side by side."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.card import STYLE, table

COLOURS = {"complete": "#2563eb", "pruned": "#94a3b8", "fail": "#ea580c"}
SETTINGS_IN_A_ROW = 3


@dataclass(frozen=True)
class Attempt:
    """One trial: what was tried, how it ended, and its validation loss by round."""

    number: int
    state: str
    loss: float | None
    seconds: float
    params: Mapping[str, float]
    curve: Mapping[int, float]


def comparison(title: str, attempts: Sequence[Attempt]) -> str:
    """Return the page as HTML that needs no other file, the best attempt first."""
    done = [attempt for attempt in attempts if attempt.loss is not None]
    ranked = sorted(attempts, key=lambda a: (a.state != "complete", a.loss is None, a.loss or 0.0))
    names = list(dict.fromkeys(name for attempt in attempts for name in attempt.params))
    head = ("trial", "state", "validation RMSE", "seconds", *names)
    rows = [
        (
            *(a.number, a.state, "" if a.loss is None else f"{a.loss:.4f}", a.seconds),
            *(a.params.get(name, "") for name in names),
        )
        for a in ranked
    ]
    pictures = [_losses(done), _curves(attempts), _settings(done, names)] if done else []
    return "\n".join(
        [
            f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title>",
            f"<style>{STYLE}</style><h1>{escape(title)}</h1>",
            *(f'<img alt="" src="data:image/png;base64,{_encoded(p)}">' for p in pictures),
            table(head, rows),
        ]
    )


def _losses(attempts: Sequence[Attempt]) -> Figure:
    """Draw each attempt's loss in the order of trying, and the best so far."""
    figure = Figure(figsize=(9, 4))
    axes = figure.subplots()
    _scatter(axes, [a.number for a in attempts], attempts)
    complete = [a for a in attempts if a.state == "complete"]
    best = [min(a.loss or 0.0 for a in complete[: at + 1]) for at in range(len(complete))]
    axes.step([a.number for a in complete], best, where="post", color=COLOURS["complete"])
    axes.set(title="Trials (grey: pruned), best so far", xlabel="trial", ylabel="validation RMSE")
    return figure


def _curves(attempts: Sequence[Attempt]) -> Figure:
    """Draw the loss by round of all attempts."""
    figure = Figure(figsize=(9, 4))
    axes = figure.subplots()
    for attempt in attempts:
        rounds = sorted(attempt.curve)
        losses = [attempt.curve[at] for at in rounds]
        axes.plot(rounds, losses, color=COLOURS.get(attempt.state, "black"), linewidth=1)
    lowest = min((loss for a in attempts for loss in a.curve.values()), default=1.0)
    axes.set(title="Loss by round", xlabel="round", ylabel="validation RMSE")
    axes.set_ylim(0.99 * lowest, 1.2 * lowest)
    return figure


def _settings(attempts: Sequence[Attempt], names: Sequence[str]) -> Figure:
    """Draw the loss against each setting."""
    lines = -(-len(names) // SETTINGS_IN_A_ROW)
    figure = Figure(figsize=(11, 3 * lines))
    figure.subplots_adjust(hspace=0.5, wspace=0.3)
    for place, name in enumerate(names):
        axes = figure.add_subplot(lines, SETTINGS_IN_A_ROW, place + 1)
        tried = [a for a in attempts if name in a.params]
        _scatter(axes, [a.params[name] for a in tried], tried)
        axes.set(xlabel=name, ylabel="validation RMSE")
    return figure


def _scatter(axes: Axes, x: Sequence[float], attempts: Sequence[Attempt]) -> None:
    losses = [a.loss or 0.0 for a in attempts]
    axes.scatter(x, losses, c=[COLOURS.get(a.state, "black") for a in attempts], s=16)


def _encoded(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    return base64.b64encode(file.getvalue()).decode()
