"""The models: that each learns, is the same twice, keeps to its data and survives being saved."""

import dataclasses

import numpy as np
import pytest

from training.data import Dataset, Split, published_split
from training.errors import TrainingError
from training.evaluate import rmse
from training.generate import generate, generate_classes
from training.models import recipes, store
from training.models.ensemble import mean_of
from training.models.interface import Model, Part

HOUSING, CLASSES = generate(3_000), generate_classes(3_000)
SPLIT = published_split(3_000)
# The network needs an optional extra: see test_network.py.
NAMES = [name for name in recipes.RECIPES if name != "keras"]


def data_of(name: str) -> Dataset:
    return HOUSING if recipes.RECIPES[name].problem is HOUSING.problem else CLASSES


def fitted(name: str, data: Dataset, split: Split = SPLIT, **changed: object) -> Model:
    recipe = recipes.RECIPES[name]
    params = {**recipe.profiles["default"], **changed}
    return recipe.fit(Part.of(data, split.train), Part.of(data, split.validation), params, 0)


def error_of(model: Model, data: Dataset) -> float:
    part = Part.of(data, SPLIT.test)
    return rmse(part.target, model.predict(part.rows))


@pytest.mark.parametrize("name", NAMES)
def test_model_learns_and_is_the_same_twice(name):
    """A fit explains most of the test part, and a second one gives identical predictions."""
    data = data_of(name)
    first, second = fitted(name, data), fitted(name, data)
    assert error_of(first, data) < 0.65 * np.std(data.target[SPLIT.test])
    rows = data.features[SPLIT.test]
    assert np.array_equal(first.predict(rows), second.predict(rows))


@pytest.mark.parametrize("name", ["xgboost", "xgboost-geo"])
def test_shuffled_training_labels_teach_nothing(name):
    """With shuffled labels the error is the spread of the test target: no label leaks."""
    target = HOUSING.target.copy()
    known = np.concatenate([SPLIT.train, SPLIT.validation])
    target[known] = np.random.default_rng(0).permutation(target[known])
    shuffled = dataclasses.replace(HOUSING, target=target)
    spread = float(np.std(target[SPLIT.test]))
    assert error_of(fitted(name, shuffled), shuffled) == pytest.approx(spread, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_test_part_does_not_change_the_model(name):
    """Other test labels give the same model: the test part is only measured."""
    data = data_of(name)
    target = data.target.copy()
    target[SPLIT.test] += 1.0
    rows = data.features[:50]
    changed = fitted(name, dataclasses.replace(data, target=target))
    assert np.array_equal(fitted(name, data).predict(rows), changed.predict(rows))


@pytest.mark.parametrize("name", NAMES)
def test_predictions_stay_within_what_was_seen(name):
    """A row beyond all others gets no price beyond all others."""
    data = data_of(name)
    known = data.target[SPLIT.train]
    predicted = fitted(name, data).predict(data.features[:200] * 1.5)
    assert known.min() <= predicted.min()
    assert predicted.max() <= known.max()


@pytest.mark.parametrize("name", NAMES)
def test_saved_model_predicts_the_same(name, tmp_path):
    """A model opened from its folder gives the same predictions, without being told its kind."""
    data = data_of(name)
    model = fitted(name, data)
    metadata = store.save(model, data.problem, data.features[:3], tmp_path)
    rows = data.features[SPLIT.test]
    assert np.array_equal(store.load(tmp_path).predict(rows), model.predict(rows))
    assert metadata["probe"]["predictions"] == model.predict(data.features[:3]).tolist()
    assert [c["name"] for c in metadata["columns"]] == list(data.problem.column_names)


def test_damaged_folder_is_named(tmp_path):
    """A folder that lacks a file, or holds none, is refused with its name and the reason."""
    with pytest.raises(TrainingError, match="cannot be opened as a model: FileNotFoundError"):
        store.load(tmp_path)
    store.save(fitted("linear", HOUSING), HOUSING.problem, HOUSING.features[:3], tmp_path)
    (tmp_path / "model.json").write_text('{"weights": [')
    with pytest.raises(TrainingError, match=r"cannot be opened as a model: JSONDecodeError"):
        store.load(tmp_path)


def test_ensemble_predicts_the_mean():
    """The one booster of three members predicts the mean of the three, SHAP values too."""
    members = [fitted("xgboost", HOUSING, seed=seed, most_trees=20) for seed in (1, 2, 3)]
    merged = mean_of([member.booster for member in members])
    rows = HOUSING.features[SPLIT.test]
    each = [member.booster.inplace_predict(rows) for member in members]
    assert np.allclose(merged.inplace_predict(rows), np.mean(each, axis=0), atol=1e-5)
    whole = dataclasses.replace(members[0], booster=merged)
    contributed = [member.contributions(rows[:20]) for member in members]
    assert np.allclose(whole.contributions(rows[:20]), np.mean(contributed, axis=0), atol=1e-5)


def test_boosters_of_other_targets_are_not_merged():
    """Boosters that start from different base scores are refused."""
    one = fitted("xgboost", HOUSING, most_trees=3, base_score=1.0)
    other = fitted("xgboost", HOUSING, most_trees=3, base_score=2.0)
    with pytest.raises(ValueError, match="different base scores"):
        mean_of([one.booster, other.booster])


def test_geographic_model_beats_the_raw_one():
    """On data whose prices follow the coast, geography lowers the error."""
    geo, raw = fitted("xgboost-geo", HOUSING), fitted("xgboost", HOUSING)
    assert error_of(geo, HOUSING) < error_of(raw, HOUSING)


def test_rounds_are_told_and_may_be_stopped():
    """The caller hears of each round and can end the fit from there, as a search does."""
    heard = []

    def listen(number, loss):
        heard.append((number, loss))
        if number == 4:
            raise LookupError

    recipe = recipes.RECIPES["xgboost-geo"]
    train, validation = Part.of(HOUSING, SPLIT.train), Part.of(HOUSING, SPLIT.validation)
    with pytest.raises(LookupError):
        recipe.fit(train, validation, recipe.profiles["default"], 0, listen)
    assert [number for number, _ in heard] == [0, 1, 2, 3, 4]
    assert heard[4][1] < heard[0][1]


def test_unknown_model_is_answered_with_the_list():
    """A model that does not exist is an error that names those that do."""
    with pytest.raises(TrainingError, match="--model tree: there is no such model; choose from"):
        recipes.recipe_named("tree")
