"""Writes the whole report of a training into a folder, which becomes the run's artifacts."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.reference import REFERENCE_FILE, reference_of, training_rows
from training.report import plots
from training.report.card import Facts, card
from training.report.importance import importance
from training.report.segments import segments
from training.trained import Trained

DOTS_PER_INCH = 80


def write_report(
    trained: Trained, tags: Mapping[str, str], environment: Mapping[str, Any], folder: Path
) -> None:
    """Write pictures, card, reference statistics and figures."""
    model, problem, test = trained.model, trained.recipe.problem, trained.parts.test
    predicted = model.predict(test.rows)
    by_segment = segments(problem, test.rows, test.target, predicted)
    inputs = importance(model, test.rows)
    unit = problem.target.unit
    figures = {
        "residuals": plots.residuals(test.target, predicted, unit),
        "calibration": plots.calibration(test.target, predicted, unit),
        "segments": plots.by_segment(by_segment, trained.metrics["test_rmse"]),
    }
    if any(len(curve) > 1 for curve in model.history.values()):
        figures["curves"] = plots.curves(model.history)
    if inputs is not None:
        figures["importance"] = plots.by_input(inputs)
        figures["shap"] = plots.shap_by_row(inputs)
        _write_json(folder / "importance.json", inputs.as_dict())
    pictures = {name: _png(figure) for name, figure in figures.items()}
    (folder / "plots").mkdir()
    for name, png in pictures.items():
        (folder / "plots" / f"{name}.png").write_bytes(png)
    facts = Facts(
        model=trained.recipe.name,
        problem=problem,
        metrics=trained.metrics,
        params=trained.params,
        tags=tags,
        parts=trained.parts.sizes(),
        segments=by_segment,
    )
    (folder / "model_card.html").write_text(card(facts, pictures))
    _write_json(folder / "segments.json", [asdict(segment) for segment in by_segment])
    _write_json(folder / "environment.json", environment)
    _write_json(folder / REFERENCE_FILE, reference_of(training_rows(trained)))


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
    return file.getvalue()


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1))
