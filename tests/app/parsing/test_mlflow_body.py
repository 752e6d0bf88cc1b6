"""MLflow's bodies: each format means the same rows, and what is none of them is explained."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.parsing.faults import BadInputError
from app.parsing.mlflow_body import FORMATS, read
from app.parsing.values import values
from tests.app.fakes import SCHEMA
from tests.app.parsing.test_json_text import JSON

GOOD = list(SCHEMA.example_row)
RECORD = dict(zip(SCHEMA.names, GOOD, strict=True))
NAMES = list(SCHEMA.names)


def parsed(body: object) -> np.ndarray:
    return values(read(json.dumps(body).encode(), "application/json"), SCHEMA, 100)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "data": [GOOD, GOOD]}},
        {"dataframe_split": {"columns": NAMES[::-1], "index": [0, 1], "data": [GOOD[::-1]] * 2}},
        {"dataframe_split": {"columns": [*NAMES, "town"], "data": [[*GOOD, "Berkeley"]] * 2}},
        {"dataframe_records": [RECORD, RECORD], "params": {"a": 1}},
        {"dataframe_records": [RECORD | {"town": "Berkeley"}, RECORD]},
        {"instances": [GOOD, GOOD], "signature_name": "serving_default"},
        {"instances": [RECORD, RECORD]},
        {"inputs": {name: [value, value] for name, value in RECORD.items()}},
        {"inputs": [GOOD, GOOD]},
    ],
)
def test_formats_mean_the_same(body):
    """Each of MLflow's formats of two equal houses gives the same rows."""
    assert np.array_equal(parsed(body), [GOOD, GOOD])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "it has none"),
        (3, "must be an object"),
        ({"features": [GOOD]}, '"features" is not known'),
        ({"instances": [GOOD], "inputs": [GOOD]}, "it has instances, inputs"),
        ({"dataframe_split": [GOOD]}, "must be an object with columns and data"),
        ({"dataframe_split": {"data": [GOOD]}}, "columns must be a list"),
        ({"dataframe_split": {"columns": NAMES}}, "data must be a list"),
        ({"dataframe_split": {"columns": [1], "data": []}}, "columns must be the columns' names"),
        ({"dataframe_split": {"columns": NAMES, "data": [], "x": 1}}, '"x" is not known'),
        ({"dataframe_split": {"columns": NAMES[1:], "data": [GOOD[1:]]}}, "MedInc is missing"),
        ({"dataframe_records": {"MedInc": 1}}, "must be a list of rows"),
        ({"dataframe_records": [GOOD]}, "row 0: must be an object"),
        ({"instances": 3}, "must be a list of rows"),
        ({"instances": []}, "no rows"),
        ({"inputs": {"MedInc": [1]}}, "column HouseAge is missing"),
        ({"dataframe_records": [RECORD | {"MedInc": None}]}, "null is not a number"),
    ],
)
def test_malformed_body_is_explained(body, message):
    """A body that is none of the formats, or breaks its own, is refused with a sentence."""
    with pytest.raises(BadInputError, match=message):
        parsed(body)


@given(st.dictionaries(st.sampled_from(FORMATS), JSON, min_size=1) | JSON)
def test_anything_else_is_refused_and_never_crashes(body):
    """Whatever the JSON, there are plausible rows or the parser's own error."""
    try:
        parsed(body)
    except BadInputError as error:
        json.dumps([error.row, error.column, error.value], allow_nan=False)
