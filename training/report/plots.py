"""The pictures of a training, drawn without a screen."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.data import Floats
from training.report.importance import Importance
from training.report.segments import Segment

SHOWN = 20
BINS = 10
BLUE, ORANGE, GREY = "#2563eb", "#ea580c", "#94a3b8"


def residuals(true: Floats, predicted: Floats, unit: str) -> Figure:
    """Draw prediction against truth, and how the errors are spread."""
    figure, (left, right) = _side_by_side()
    left.hexbin(true, predicted, gridsize=50, bins="log", cmap="Blues", mincnt=1)
    _diagonal(left, true)
    left.set(title="Prediction against truth", xlabel=f"true ({unit})", ylabel="predicted")
    right.hist(predicted - true, bins=60, color=BLUE)
    right.axvline(0.0, color=GREY)
    right.set(title="Errors", xlabel=f"prediction minus truth ({unit})", ylabel="rows")
    return figure


def calibration(true: Floats, predicted: Floats, unit: str) -> Figure:
    """Draw the mean truth where the model predicts so much, by tenths of the predictions."""
    figure, axes = _single()
    edges = np.unique(np.quantile(predicted, np.linspace(0.0, 1.0, BINS + 1)))
    tenth = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, max(len(edges) - 2, 0))
    present = np.unique(tenth)
    x = [float(predicted[tenth == at].mean()) for at in present]
    y = [float(true[tenth == at].mean()) for at in present]
    error = [float(true[tenth == at].std() / np.sqrt((tenth == at).sum())) for at in present]
    axes.errorbar(x, y, yerr=2 * np.array(error), fmt="o-", color=BLUE, capsize=3)
    _diagonal(axes, np.array(x))
    axes.set(
        title="Calibration: tenths of the predictions, two standard errors",
        xlabel=f"mean prediction ({unit})",
        ylabel="mean truth",
    )
    return figure


def curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the loss by round."""
    figure, axes = _single()
    for name, curve in history.items():
        axes.plot(curve, label=name, color=ORANGE if "validation" in name else BLUE, linewidth=1)
    axes.set(title="Loss by round", xlabel="round", ylabel="loss", yscale="log")
    axes.legend()
    return figure


def by_input(found: Importance) -> Figure:
    """Draw the mean |SHAP| and the gain of the inputs that matter most."""
    figure, (left, right) = _side_by_side()
    names = found.names[:SHOWN][::-1]
    mean = np.abs(found.shap).mean(axis=0)[:SHOWN][::-1]
    left.barh(names, mean, color=BLUE)
    left.set(title="Mean |SHAP|", xlabel="in the target's unit")
    right.barh(names, found.gain[:SHOWN][::-1], color=ORANGE)
    right.set(title="Mean gain of a split", yticklabels=[])
    return figure


def shap_by_row(found: Importance) -> Figure:
    """Draw each row's SHAP value, coloured by whether the input is low or high there."""
    figure, axes = _single()
    rng = np.random.default_rng(0)
    for place in range(min(SHOWN, len(found.names))):
        values = found.values[:, place]
        rank = values.argsort().argsort() / max(len(values) - 1, 1)
        height = SHOWN - place + rng.uniform(-0.3, 0.3, len(values))
        axes.scatter(found.shap[:, place], height, c=rank, cmap="coolwarm", s=4)
    shown = found.names[:SHOWN]
    axes.set_yticks([SHOWN - place for place in range(len(shown))], shown)
    axes.axvline(0.0, color=GREY, linewidth=1)
    axes.set(title="SHAP values (blue: low input, red: high)", xlabel="change of the prediction")
    return figure


def by_segment(found: Sequence[Segment], overall: float) -> Figure:
    """Draw the error in the quarters of each column."""
    figure, axes = _single()
    names = list(dict.fromkeys(segment.column for segment in found))
    place = {name: at for at, name in enumerate(names)}
    seen = dict.fromkeys(names, 0)
    for segment in found:
        x = place[segment.column] + 0.18 * (seen[segment.column] - 1.5)
        seen[segment.column] += 1
        axes.bar(x, segment.rmse, width=0.16, color=BLUE)
    axes.axhline(overall, color=ORANGE, label="all test rows")
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set(title="RMSE in the quarters of each column, low to high", ylabel="RMSE")
    axes.legend()
    return figure


def _single() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 5))
    # Fixed margins: fitting them to the labels would take longer than drawing the picture.
    figure.subplots_adjust(left=0.2, right=0.97, bottom=0.18, top=0.92)
    return figure, figure.subplots()


def _side_by_side() -> tuple[Figure, tuple[Axes, Axes]]:
    figure = Figure(figsize=(11, 5))
    figure.subplots_adjust(left=0.18, right=0.97, bottom=0.12, top=0.92, wspace=0.25)
    left, right = figure.subplots(1, 2)
    return figure, (left, right)


def _diagonal(axes: Axes, values: Floats) -> None:
    ends = [float(values.min()), float(values.max())]
    axes.plot(ends, ends, color=GREY, linewidth=1)
