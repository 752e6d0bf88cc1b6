"""Boosters that training saves, answered by ONNX Runtime or XGBoost in the API."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from app.engines import MANY_ROWS, BySize, engine
from training.generate import generate
from training.models import recipes, store
from training.models.boosted import Boosted
from training.models.interface import Part

HOUSING = generate(600)
PARTS = (
    Part(HOUSING.features[:400], HOUSING.target[:400]),
    Part(HOUSING.features[400:], HOUSING.target[400:]),
)


def saved(name: str, folder: Path, **changed: object) -> Boosted:
    """Fit a recipe quickly, save it, and return the model."""
    recipe = recipes.RECIPES[name]
    model = recipe.fit(*PARTS, {**recipe.profiles["default"], "most_trees": 20, **changed}, 0)
    assert isinstance(model, Boosted)
    store.save(model, recipe.problem, HOUSING.features[:3], folder)
    return model


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("xgboost", {}),
        ("xgboost-geo", {"members": 3}),
        ("random-forest", {"most_trees": 1, "num_parallel_tree": 20}),
    ],
)
def test_both_engines_answer_alike(name, changed, tmp_path):
    """Few rows by ONNX Runtime and many by XGBoost are what the booster says, bit for bit."""
    model = saved(name, tmp_path, **changed)
    found = engine(store._manifest(tmp_path), lambda file: (tmp_path / file).read_bytes())
    assert isinstance(found, BySize)
    inputs = model.inputs(HOUSING.features)
    expected = model.booster.inplace_predict(inputs)
    few = [found(inputs[start : start + 7]) for start in range(0, 70, 7)]
    assert np.array_equal(np.concatenate(few), expected[:70])
    assert np.array_equal(found(inputs), expected)
    for thread in threading.enumerate():
        if thread.name == "load-xgboost":
            thread.join(30)
    assert found._large is not None
    assert len(inputs) >= MANY_ROWS
    assert np.array_equal(found(inputs), expected)


def test_first_answers_need_no_xgboost(tmp_path):
    """A model with an ONNX form loads and answers where XGBoost cannot be imported."""
    saved("xgboost", tmp_path)
    code = (
        "import sys; sys.modules['xgboost'] = None\n"
        "from pathlib import Path\nimport numpy as np\nimport yaml\n"
        "from app.predictors import predictor\n"
        "folder = Path(sys.argv[1])\n"
        "metadata = yaml.safe_load((folder / 'MLmodel').read_text())['metadata']\n"
        "model = predictor(metadata, lambda name: (folder / name).read_bytes())\n"
        "rows = np.array(metadata['probe']['rows'])\n"
        "assert np.allclose(model.predict(rows), metadata['probe']['predictions'])\n"
        "model.predict(np.repeat(rows, 100, axis=0))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "told"),
    [("model.onnx", "is not used"), ("probe.npz", "is not used"), (None, "off XGBoost's")],
    ids=["damaged", "no-probe", "other-trees"],
)
def test_onnx_form_that_is_not_the_booster_is_not_used(file, told, tmp_path, caplog):
    """When the ONNX form is damaged or answers differently, XGBoost answers, and it is logged."""
    model = saved("xgboost", tmp_path)
    if file is None:
        put_other_trees(tmp_path)
    else:
        (tmp_path / file).write_bytes(b"damaged")
    found = engine(store._manifest(tmp_path), lambda file: (tmp_path / file).read_bytes())
    assert not isinstance(found, BySize)
    assert told in caplog.text
    expected = model.booster.inplace_predict(HOUSING.features)
    assert np.array_equal(found(HOUSING.features), expected)


def test_damaged_booster_is_found_before_it_is_needed(tmp_path):
    """A booster that is cut off is refused at load, though ONNX Runtime could answer."""
    saved("xgboost", tmp_path)
    booster = tmp_path / "model.ubj"
    booster.write_bytes(booster.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"model\.ubj is not what was logged"):
        engine(store._manifest(tmp_path), lambda file: (tmp_path / file).read_bytes())


def put_other_trees(folder: Path) -> None:
    """Put the ONNX form of another model in the folder."""
    (folder / "other").mkdir()
    saved("xgboost", folder / "other", max_depth=2)
    (folder / "other" / "model.onnx").rename(folder / "model.onnx")


def test_version_of_before_is_answered_by_xgboost(tmp_path):
    """A model whose manifest says nothing of ONNX, as older ones, is served as before."""
    model = saved("xgboost", tmp_path)
    metadata = {k: v for k, v in store._manifest(tmp_path).items() if k != "onnx"}
    found = engine(metadata, lambda file: (tmp_path / file).read_bytes())
    expected = model.booster.inplace_predict(HOUSING.features)
    assert np.array_equal(found(HOUSING.features), expected)


def test_booster_without_an_exact_onnx_form_says_why(tmp_path):
    """What cannot be written exactly is saved as a booster alone, with the reason."""
    saved("xgboost", tmp_path, objective="reg:gamma", eval_metric="rmse")
    assert "reg:gamma" in store._manifest(tmp_path)["onnx"]["missing"]
    assert not (tmp_path / "model.onnx").exists()
    assert not isinstance(
        engine(store._manifest(tmp_path), lambda file: (tmp_path / file).read_bytes()), BySize
    )
