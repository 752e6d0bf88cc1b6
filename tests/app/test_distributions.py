"""Counting served rows in the reference bins."""

import dataclasses
import json

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from app.distributions import MOST_WAITING, Distributions
from app.reference import BINS, Reference, bin_rows
from tests.app.fakes import MODEL, SCHEMA

INNER = np.arange(1.0, BINS)
COUNTED = dataclasses.replace(
    MODEL, reference=Reference((INNER,) * len(SCHEMA.columns), 10 * INNER)
)


def bins(registry: CollectorRegistry, name: str, **labels: str) -> list[float | None]:
    own = {"model": MODEL.name, **labels}
    return [registry.get_sample_value(name, {**own, "bin": str(at)}) for at in range(BINS)]


def test_rows_of_many_requests_are_counted_by_feature():
    """Each value counts once in its feature's bin, each prediction once in its own."""
    registry = CollectorRegistry()
    found = Distributions(registry)
    found.add(COUNTED, np.full((2, 8), 3.5), [28.0, 28.0])
    found.add(COUNTED, np.full((1, 8), 100.0), [800.0])
    found.count()
    for name in SCHEMA.names:
        assert bins(registry, "prediction_feature_rows_total", feature=name) == [
            *(0, 0, 0, 2, 0, 0, 0, 0, 0, 1)
        ]
    assert bins(registry, "prediction_output_rows_total") == [0, 0, 2, 0, 0, 0, 0, 0, 0, 1]
    found.count()
    assert bins(registry, "prediction_output_rows_total")[2] == 2


def test_model_made_anew_with_other_columns_is_counted_beside_the_old():
    """Version 1 of a deleted model and version 1 of its successor may wait at the same moment."""
    registry = CollectorRegistry()
    found = Distributions(registry)
    schema = dataclasses.replace(SCHEMA, columns=SCHEMA.columns[:1])
    anew = dataclasses.replace(
        COUNTED, run_id="anew", schema=schema, reference=Reference((INNER,), 10 * INNER)
    )
    found.add(COUNTED, np.full((1, 8), 3.5), [28.0])
    found.add(anew, np.full((2, 1), 100.0), [800.0, 800.0])
    found.count()
    found.add(anew, np.full((1, 1), 3.5), [28.0])
    found.count()
    first, second = SCHEMA.names[:2]
    name = "prediction_feature_rows_total"
    assert bins(registry, name, feature=first) == [0, 0, 0, 2, 0, 0, 0, 0, 0, 2]
    assert bins(registry, name, feature=second) == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_new_version_adds_no_series():
    """Champions come and go, and what /metrics tells does not grow with them."""
    registry = CollectorRegistry()
    found = Distributions(registry)
    lengths = []
    for version in ("1", "2"):
        model = dataclasses.replace(COUNTED, version=version, run_id=version)
        found.add(model, np.full((1, 8), 3.5), [28.0])
        found.count()
        lengths.append(len(next(iter(registry.collect())).samples))
    assert lengths[0] == lengths[1] > 0


def test_nothing_waits_without_end():
    """When nobody counts, the requests themselves do, now and then."""
    registry = CollectorRegistry()
    found = Distributions(registry)
    row, answers = np.full((1, 8), 3.5), [28.0]
    for _ in range(MOST_WAITING + 1):
        found.add(COUNTED, row, answers)
    assert bins(registry, "prediction_output_rows_total")[2] == MOST_WAITING


def test_model_without_reference_is_not_counted():
    """A version of before, which has no reference statistics, is served without bins."""
    registry = CollectorRegistry()
    found = Distributions(registry)
    found.add(MODEL, np.full((1, 8), 3.5), [28.0])
    found.count()
    assert bins(registry, "prediction_output_rows_total") == [None] * BINS


def test_bins_have_open_ends_and_take_their_lower_edge():
    """Below the first edge and above the last there are bins; an edge belongs to the upper one."""
    values = np.array([-1e9, 0.99, 1.0, 8.99, 9.0, 1e9])
    assert bin_rows(values, INNER) == [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize(
    ("features", "message"),
    [({"b": [0] * 11}, "lack a"), ({"a": [0] * 10}, "10 edges where 11 belong")],
)
def test_reference_of_other_columns_is_refused(features, message):
    """Statistics that lack a column or an edge are not those of the model."""
    text = json.dumps({"features": features, "prediction": [0] * 11}).encode()
    with pytest.raises(ValueError, match=message):
        Reference.from_json(text, ["a"])
