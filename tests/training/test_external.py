"""Fitting on rows that stay on disk: the same rows, the same quality, the same model twice."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training import external, tables, trained
from training.data import read_housing
from training.errors import TrainingError
from training.gate import row_marks
from training.generate import generate
from training.models.recipes import RECIPES
from training.reference import training_rows
from training.schema import FEATURE_NAMES, TARGET
from training.storage import locate

HOUSING = generate(4_000)
MARKS = row_marks(HOUSING.features, HOUSING.target)
RECIPE = RECIPES["xgboost"]
PARAMS = {**RECIPE.profiles["default"], "most_trees": 60}


@pytest.fixture
def location(tmp_path, monkeypatch):
    """The houses as a file that is read in eight batches."""
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 500)
    columns = dict(zip(FEATURE_NAMES, HOUSING.features.T, strict=True))
    path = tmp_path / "houses.parquet"
    pq.write_table(pa.table({**columns, TARGET.name: HOUSING.target}), path)
    return locate(str(path))


def test_survey_knows_all_rows_and_keeps_a_sample(location, monkeypatch):
    """The hash is that of the rows in memory; of each part no more rows are kept than wanted."""
    monkeypatch.setattr(external, "SAMPLE_ROWS", 300)
    found = external.survey(location)
    assert found.rows == 4_000
    assert found.content_hash() == read_housing(location).content_hash() == HOUSING.content_hash()
    assert {len(sample.target) for sample in found.samples.values()} == {300}
    known = np.concatenate([sample.marks for sample in found.samples.values()])
    assert np.isin(known, MARKS).all()
    assert len(found.seen) == (external.part_of(MARKS) < 2).sum()


def test_parts_are_told_by_the_rows_themselves():
    """Whatever order rows come in, each is in the same part; the shares are the published ones."""
    order = np.random.default_rng(0).permutation(4_000)
    shuffled = row_marks(HOUSING.features[order], HOUSING.target[order])
    parts = external.part_of(MARKS)
    assert np.array_equal(external.part_of(shuffled), parts[order])
    shares = np.bincount(parts, minlength=3) / 4_000
    assert shares == pytest.approx(external.SHARES, abs=0.03)
    for part in range(3):
        assert np.mean(HOUSING.target[parts == part]) == pytest.approx(
            HOUSING.target.mean(), rel=0.1
        )


def test_model_is_as_good_as_one_fitted_in_memory_and_the_same_twice(location):
    """Rows on disk cost no quality, and one seed gives one model."""
    found = external.survey(location)
    first = external.fit(found, RECIPE, PARAMS, 0)
    second = external.fit(found, RECIPE, PARAMS, 0)
    rows = HOUSING.features[:50]
    assert np.array_equal(first.model.predict(rows), second.model.predict(rows))
    in_memory = trained.fit(RECIPE, PARAMS, trained.split(HOUSING), 0)
    assert first.metrics["test_rmse"] == pytest.approx(in_memory.metrics["test_rmse"], rel=0.1)
    assert first.metrics.keys() == in_memory.metrics.keys()
    assert first.model.history.keys() == in_memory.model.history.keys()


def test_test_part_does_not_change_the_model(location):
    """The sampled test rows are none that the model has seen."""
    fitted = external.fit(external.survey(location), RECIPE, PARAMS, 0)
    test = fitted.parts.test
    assert not np.isin(row_marks(test.rows, test.target), fitted.seen).any()


def test_reference_of_drift_is_the_sample_that_is_kept(location, monkeypatch):
    """Rows that memory does not hold do not travel with the version either: their sample does."""
    monkeypatch.setattr(external, "SAMPLE_ROWS", 300)
    rows = training_rows(external.fit(external.survey(location), RECIPE, PARAMS, 0))
    assert rows.reference.sum() == len(rows.target) == 300


def test_recipe_that_needs_all_rows_is_refused():
    """Neighbours are looked up among all rows: that is said, with what can be had instead."""
    for name in ("xgboost-geo", "linear"):
        with pytest.raises(
            TrainingError, match=f"--model {name} needs all rows .* --model xgboost"
        ):
            external.refuse_in_memory_only(RECIPES[name], RECIPES[name].profiles["default"])
    external.refuse_in_memory_only(RECIPE, PARAMS)


def test_too_few_rows_are_refused(tmp_path):
    """A file with a handful of rows is no training set."""
    path = tmp_path / "houses.parquet"
    columns = dict(zip(FEATURE_NAMES, HOUSING.features[:20].T, strict=True))
    pq.write_table(pa.table({**columns, TARGET.name: HOUSING.target[:20]}), path)
    with pytest.raises(TrainingError, match="20 rows: at least 100"):
        external.survey(locate(str(path)))
