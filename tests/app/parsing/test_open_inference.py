"""Open Inference requests: one tensor or one for each column, as JSON or as bytes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.parsing.faults import BadInputError
from app.parsing.open_inference import read
from app.parsing.values import values
from tests.app.fakes import SCHEMA
from tests.app.parsing.test_json_text import JSON

GOOD = list(SCHEMA.example_row)
WHOLE = {"name": "input-0", "shape": [2, 8], "datatype": "FP64", "data": GOOD + GOOD}


def parsed(*inputs: object, **more: object) -> np.ndarray:
    body = json.dumps({"inputs": inputs, **more}).encode()
    return values(read(body).table, SCHEMA, 100)


def test_one_tensor_is_rows_flat_or_nested():
    """A tensor of (rows, columns) is taken row by row, however its data are nested."""
    assert np.array_equal(parsed(WHOLE), [GOOD, GOOD])
    assert np.array_equal(parsed(WHOLE | {"data": [GOOD, GOOD]}), [GOOD, GOOD])


@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_tensors_are_columns_by_their_names(shape):
    """A tensor for each column, in any order and with or without a second dimension."""
    tensors = [
        {"name": name, "shape": shape, "datatype": "FP32", "data": [value, value]}
        for name, value in zip(SCHEMA.names, GOOD, strict=True)
    ]
    assert np.array_equal(parsed(*tensors[::-1]), [GOOD, GOOD])


def test_id_is_kept():
    """The id that a caller gave is there for the answer."""
    assert read(json.dumps({"id": "a-1", "inputs": [WHOLE]}).encode()).id == "a-1"


@pytest.mark.parametrize("kind", ["FP32", "FP64"])
def test_tensors_follow_as_bytes(kind):
    """With the binary extension the data are behind the JSON, in its order."""
    size = {"FP32": np.float32, "FP64": np.float64}[kind]
    data = np.array([GOOD], dtype=size).tobytes()
    tensor = {k: v for k, v in WHOLE.items() if k != "data"} | {"shape": [1, 8], "datatype": kind}
    head = json.dumps(
        {"inputs": [tensor | {"parameters": {"binary_data_size": len(data)}}]}
    ).encode()
    found = values(read(head + data, len(head)).table, SCHEMA, 100)
    assert np.allclose(found, [GOOD], rtol=1e-6)
    for broken in (head + data[:-1], head + data + b"x", head):
        with pytest.raises(BadInputError, match="bytes"):
            read(broken, len(head))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": None}, "input 0: must be an object with name"),
        ({"datatype": "BYTES"}, '"BYTES" is none of'),
        ({"datatype": None}, "null is none of"),
        ({"shape": None}, r"shape must be \[rows\]"),
        ({"shape": []}, r"shape must be \[rows\]"),
        ({"shape": [-2, 8]}, r"shape must be \[rows\]"),
        ({"shape": [True, 8]}, r"shape must be \[rows\]"),
        ({"shape": [1, 2, 8]}, r"shape must be \[rows\]"),
        ({"shape": [3, 8]}, "has 16 values, and its shape another number"),
        ({"shape": [10**18, 10**18]}, "has 16 values, and its shape another number"),
        ({"shape": [4, 4]}, "row 0: has 4 values instead of 8"),
        ({"shape": [16, 1]}, "column MedInc is missing"),
        ({"data": None}, "data must be a list"),
        ({"data": [[1.0], [1.0, 2.0]]}, "rows of its data are of different lengths"),
        ({"data": [1.0, [1.0, 2.0]]}, "rows of its data are of different lengths"),
        ({"data": [*GOOD, True, *GOOD[1:]]}, "row 1, column MedInc: true is not a number"),
        ({"datatype": "INT32"}, "a value is no integer"),
        ({"shape": [0, 8], "data": []}, "no rows"),
        ({"parameters": {"binary_data_size": 8}}, "bytes of FP64 are not in the body"),
        ({"parameters": {"binary_data_size": "8"}}, "bytes of FP64 are not in the body"),
    ],
)
def test_tensor_that_does_not_fit_is_explained(changed, message):
    """A tensor whose parts contradict each other or the model is refused with a sentence."""
    with pytest.raises(BadInputError, match=message):
        parsed(WHOLE | changed)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "must be an object with a list of inputs"),
        ({"inputs": {}}, "must be an object with a list of inputs"),
        ({"inputs": [3]}, "input 0: must be an object"),
        ({"inputs": [], "id": 3}, "id must be a string"),
        ({"inputs": [], "outputs": [{"name": "shap"}]}, '"shap" is not known'),
        ({"inputs": [], "outputs": "shap"}, '"shap" is not known'),
        ({"inputs": []}, "column MedInc is missing"),
    ],
)
def test_malformed_request_is_explained(body, message):
    """A body that is no inference request is refused with a sentence."""
    with pytest.raises(BadInputError, match=message):
        values(read(json.dumps(body).encode()).table, SCHEMA, 100)


TENSOR = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("x") | JSON,
        "shape": st.lists(st.integers(-1, 9), max_size=3) | JSON,
        "datatype": st.sampled_from(["FP32", "INT64", "BOOL"]) | JSON,
        "data": JSON,
        "parameters": JSON,
    },
)


@given(st.fixed_dictionaries({"inputs": st.lists(TENSOR) | JSON}, optional={"outputs": JSON}))
def test_anything_else_is_refused_and_never_crashes(body):
    """Whatever the tensors, there are plausible rows or the parser's own error."""
    try:
        values(read(json.dumps(body).encode()).table, SCHEMA, 100)
    except BadInputError as error:
        json.dumps([error.row, error.column, error.value], allow_nan=False)
