"""The report: errors by segment, importance, card and comparison say what they should."""

import json

import numpy as np
import pytest

from training.generate import generate, generate_classes
from training.models.recipes import RECIPES
from training.report.comparison import Attempt, comparison
from training.report.importance import importance
from training.report.segments import segments
from training.report.write import write_report
from training.schema import HOUSING
from training.trained import fit, split

DATA = generate(1_000)
TAGS = {"dataset": "generated", "data_hash": "abc<b>"}


def trained(name, **changed):
    recipe = RECIPES[name]
    data = DATA if recipe.problem is HOUSING else generate_classes(1_000)
    return fit(recipe, {**recipe.profiles["default"], **changed}, split(data), 0)


def test_segments_are_quarters_with_their_own_errors():
    """Where the model is wrong by construction, the segment says so, and only there."""
    true = np.linspace(1.0, 5.0, 400)
    rows = np.tile(np.linspace(0.0, 1.0, 400)[:, None], 8)
    predicted = true + np.where(rows[:, 0] > 0.75, 0.5, 0.0)
    found = [s for s in segments(HOUSING, rows, true, predicted) if s.column == "MedInc"]
    assert [s.rows for s in found] == [100, 100, 100, 100]
    assert [s.rmse for s in found] == pytest.approx([0, 0, 0, 0.5])
    assert [s.bias for s in found] == pytest.approx([0, 0, 0, 0.5])


def test_segments_of_a_column_with_few_values_cover_each_row_once():
    """Quarters that coincide are one segment; no row is lost or counted twice."""
    true = np.tile([0.0, 1.0], 200)
    rows = np.tile(true[:, None], 8)
    for column in ("MedInc", "MedHouseVal"):
        found = [s for s in segments(HOUSING, rows, true, true) if s.column == column]
        assert sum(s.rows for s in found) == 400


def test_importance_adds_up_to_the_prediction():
    """SHAP values and the base give the unclipped prediction; the price's cause comes first."""
    model = trained("xgboost", most_trees=50).model
    rows = DATA.features[:40]
    found = importance(model, rows)
    assert found is not None
    spread = found.shap.sum(axis=1) - model.predict(rows)
    assert np.ptp(spread) < 0.05
    assert found.names[0] == "MedInc"
    assert importance(trained("linear").model, rows) is None


@pytest.mark.parametrize("name", ["xgboost-geo", "random-forest", "linear", "logistic"])
def test_report_of_any_model_can_be_opened(name, tmp_path):
    """Each model has pictures that are pictures, a card that names it, and figures as JSON."""
    changed = {"most_trees": 30} if name == "xgboost-geo" else {}
    write_report(trained(name, **changed), TAGS, {"python": "3"}, tmp_path)
    pictures = {path.stem: path.read_bytes() for path in (tmp_path / "plots").glob("*.png")}
    assert {"residuals", "calibration", "segments"} <= pictures.keys()
    assert ("curves" in pictures) == (name in {"xgboost-geo", "logistic"})
    assert all(png.startswith(b"\x89PNG") and len(png) > 3_000 for png in pictures.values())
    card = (tmp_path / "model_card.html").read_text()
    assert f": {name}</h1>" in card
    assert "generated data" in card
    assert "abc&lt;b&gt;" in card
    assert card.count("data:image/png") == len(pictures)
    assert len(json.loads((tmp_path / "reference.json").read_text())["target"]) == 11


def test_comparison_ranks_the_attempts():
    """The best attempt stands first; pruned and failed ones follow and nothing breaks without."""
    attempts = [
        Attempt(0, "complete", 0.41, 3.0, {"max_depth": 6}, {0: 0.9, 25: 0.41}),
        Attempt(1, "pruned", 0.6, 1.0, {"max_depth": 4}, {0: 0.9, 25: 0.6}),
        Attempt(2, "complete", 0.40, 3.0, {"max_depth": 7}, {0: 0.9, 25: 0.40}),
        Attempt(3, "fail", None, 0.0, {}, {}),
    ]
    page = comparison("Search <1>", attempts)
    places = [page.index(f">{loss}<") for loss in ("0.4000", "0.4100", "0.6000")]
    assert places == sorted(places)
    assert "Search &lt;1&gt;" in page
    assert page.count("data:image/png") == 3
    assert comparison("nothing yet", [attempts[3]]).count("data:image/png") == 0
