"""The geographic features: what they say, that they tell no label, that a batch equals its rows."""

import io

import numpy as np
import pytest

from training import features
from training.data import published_split
from training.features import NAMES, GeographicFeatures
from training.generate import generate
from training.schema import FEATURE_NAMES

HOUSING = generate(3_000)
SPLIT = published_split(3_000)
ROWS, TARGET = HOUSING.features[SPLIT.train], HOUSING.target[SPLIT.train]
ASKED = HOUSING.features[SPLIT.test]
GEOGRAPHY = GeographicFeatures(ROWS, TARGET)


def column(found, name):
    return found[:, NAMES.index(name)]


def at(latitude, longitude):
    row = ASKED[:1].copy()
    row[0, 6:] = latitude, longitude
    return GEOGRAPHY.transform(row)


def test_there_are_57_named_features_and_the_raw_ones_come_first():
    """The first eight are the columns of the schema, untouched; every value is a number."""
    found = GEOGRAPHY.transform(ASKED)
    assert found.shape == (len(ASKED), len(NAMES)) == (len(ASKED), 57)
    assert len(set(NAMES)) == 57
    assert features.RAW == FEATURE_NAMES
    assert np.array_equal(found[:, :8], ASKED)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("where", "name", "km", "within_km"),
    [
        ((34.05, -118.24), "km_to_los_angeles", 0, 0.1),
        ((34.05, -118.24), "km_to_san_diego", 179, 5),
        ((38.58, -121.49), "km_to_san_francisco", 121, 5),
        ((38.58, -121.49), "km_to_coast", 130, 15),
        ((36.60, -121.90), "km_to_coast", 0, 1),
        ((42.00, -124.20), "km_along_coast", 0, 1),
        ((32.55, -117.10), "km_along_coast", 1350, 100),
    ],
)
def test_distances_are_those_of_the_map(where, name, km, within_km):
    """Distances between places that anybody can look up come out right."""
    assert column(at(*where), name)[0] == pytest.approx(km, abs=within_km)


def test_neighbours_are_what_a_plain_search_finds():
    """The mean price of the nearest five, computed row by row, is the feature."""
    km = (ROWS[:, 6:] - ASKED[7, 6:]) * features.KM_PER_DEGREE
    distance = np.hypot(*km.T)
    nearest = np.argsort(distance)[:5]
    weights = 1 / (distance[nearest] + features.SOFTENING_KM)
    found = GEOGRAPHY.transform(ASKED[7:8])
    expected = np.average(TARGET[nearest], weights=weights)
    assert column(found, "near_price_5")[0] == pytest.approx(expected)
    assert column(found, "near_distance_1")[0] == pytest.approx(distance[nearest[0]])


def test_a_batch_is_its_rows_one_by_one(monkeypatch):
    """Neither the size of a batch nor the parts it is worked off in change a value."""
    whole = GEOGRAPHY.transform(ASKED)
    single = np.vstack([GEOGRAPHY.transform(row[None]) for row in ASKED])
    assert np.array_equal(single, whole)
    monkeypatch.setattr(features, "ROWS_AT_ONCE", 100)
    assert np.array_equal(GEOGRAPHY.transform(ASKED), whole)


def test_a_training_row_does_not_see_its_own_target():
    """Another target of one training row changes no feature of that row."""
    changed = TARGET.copy()
    changed[5] += 3.0
    before = GEOGRAPHY.transform_training_rows(seed=0)
    after = GeographicFeatures(ROWS, changed).transform_training_rows(seed=0)
    assert np.array_equal(before[5], after[5])
    assert not np.array_equal(before, after)


def test_a_training_row_sees_no_row_of_its_fold():
    """Out of fold, each row's nearest neighbours are those of a tree without its fold."""
    found = GEOGRAPHY.transform_training_rows(seed=3)
    fold = np.random.default_rng(3).permutation(len(ROWS)) % features.FOLDS
    other = GeographicFeatures(ROWS[fold != 4], TARGET[fold != 4])
    assert np.allclose(found[fold == 4], other.transform(ROWS[fold == 4]))


def test_saved_features_are_the_same():
    """What is saved with a model and loaded by a server makes the same values."""
    file = io.BytesIO()
    GEOGRAPHY.save(file)
    file.seek(0)
    assert np.array_equal(features.load(file).transform(ASKED), GEOGRAPHY.transform(ASKED))


def test_too_few_rows_to_have_neighbours_are_refused():
    """With fewer rows than are looked up there is an error and no padding."""
    with pytest.raises(ValueError, match="neighbours need at least 48"):
        GeographicFeatures(ROWS[:40], TARGET[:40])
