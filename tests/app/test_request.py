"""The request parser: what it takes, and that everything else is named and refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.example import EXAMPLE_BODY
from app.parsing.faults import BadInputError
from app.parsing.values import values
from app.request import read_json
from tests.app.fakes import SCHEMA

GOOD = list(SCHEMA.example_row)
RECORD = dict(zip(SCHEMA.names, GOOD, strict=True))


def parse(body: bytes) -> np.ndarray:
    return values(read_json(body), SCHEMA, 100)


def parsed(body: object) -> np.ndarray:
    return parse(json.dumps(body).encode())


def with_value(place: int, text: str) -> bytes:
    """Return a body of two rows whose second has `text`, as it is, at one place."""
    cells = [json.dumps(value) for value in GOOD]
    cells[place] = text
    return f'{{"features": [{json.dumps(GOOD)}, [{",".join(cells)}]]}}'.encode()


def test_readme_example_is_valid():
    """The request that the README shows is taken as one row of eight values."""
    assert parsed(EXAMPLE_BODY).shape == (1, 8)


@pytest.mark.parametrize(
    "body",
    [
        {"features": [GOOD, GOOD]},
        {name: [value, value] for name, value in RECORD.items()},
        [RECORD, dict(reversed(RECORD.items()))],
    ],
    ids=["rows", "columns", "records"],
)
def test_three_shapes_mean_the_same(body):
    """Rows, columns and records of the same houses give the same array, whatever their order."""
    assert np.array_equal(parsed(body), [GOOD, GOOD])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("null", None),
        ("true", True),
        ('"4.5"', "4.5"),
        ("[4.5]", "a list of 1"),
        ("{}", "a object of 0"),
        ("1e999", "inf"),
        ("-1e999", "-inf"),
        ("1" + "0" * 400, "inf"),
        ("83252.0", 83252.0),
    ],
)
def test_bad_value_is_named(text, shown):
    """A value that is no plausible number is refused with its row, column and what it was."""
    with pytest.raises(BadInputError) as caught:
        parse(with_value(0, text))
    assert (caught.value.row, caught.value.column) == (1, "MedInc")
    assert caught.value.value == shown
    assert "row 1, column MedInc" in str(caught.value)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_not_a_number_is_refused(text):
    """NaN and the infinities, which are no JSON, are refused by their names."""
    with pytest.raises(BadInputError, match=text):
        parse(with_value(0, text))


def test_swapped_coordinates_are_refused():
    """A longitude in the latitude's place is a mistake and not a house."""
    row = [*GOOD[:6], GOOD[7], GOOD[6]]
    with pytest.raises(BadInputError, match=r"column Latitude: -122\.23 is not plausible"):
        parsed({"features": [row]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty"),
        (b"  ", "empty"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"3", "must be an object"),
        (b"[]", "no rows"),
        (b"[3]", "row 0: must be an object"),
        (b"{}", "column MedInc is missing"),
        (b'{"features": []}', "no rows"),
        (b'{"features": 3}', "must be a list of rows"),
        (b'{"features": [3]}', "row 0: must be a list of 8 numbers"),
        (b'{"features": [[]]}', "has 0 values instead of 8"),
        (b'{"features": [[1,2,3]]}', "has 3 values instead of 8"),
        (b'{"features": [], "features": []}', "more than once"),
        (b'{"features": [], "feature": []}', '"feature" is not known'),
        (b'{"features": [' + b"[]," * 100 + b"[]]}", "101 rows are more than the 100"),
        (b'{"features": [' + b"9" * 5000 + b"]}", "not valid JSON"),
    ],
)
def test_malformed_body_is_explained(body, message):
    """A body of the wrong shape is refused with a sentence about its shape."""
    with pytest.raises(BadInputError, match=message):
        parse(body)


def test_columns_of_different_length_are_refused():
    """A column that is shorter than the others is named, with both lengths."""
    columns = {name: [value, value] for name, value in RECORD.items()} | {"AveOccup": [2.5]}
    with pytest.raises(BadInputError, match="AveOccup has 1 values and MedInc has 2"):
        parsed(columns)


def test_record_without_a_column_is_refused():
    """A record that lacks a column is refused with its row."""
    short = {name: value for name, value in RECORD.items() if name != "Latitude"}
    with pytest.raises(BadInputError, match="row 1: column Latitude is missing"):
        parsed([RECORD, short])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=30,
)
PLAUSIBLE = st.tuples(*(st.floats(column.low, column.high) for column in SCHEMA.columns))


@given(st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())))
def test_anything_else_is_refused_and_never_crashes(body):
    """Whatever the bytes, the parser returns plausible rows or raises its own error."""
    try:
        rows = parse(body)
    except BadInputError as error:
        json.dumps([error.row, error.column, error.value], allow_nan=False)
    else:
        assert rows.shape[1] == len(SCHEMA.columns)


@given(JSON, st.integers(0, 7))
def test_strange_value_in_a_row_is_refused_and_never_crashes(value, place):
    """Whatever stands in one place of a row, it is a plausible number or refused."""
    row = [*GOOD]
    row[place] = value
    try:
        rows = parsed({"features": [row]})
    except BadInputError:
        return
    assert SCHEMA.columns[place].low <= rows[0, place] <= SCHEMA.columns[place].high


@given(st.lists(PLAUSIBLE, min_size=1, max_size=5))
def test_plausible_rows_come_through_unchanged(rows):
    """Every plausible row is taken, bit for bit."""
    assert np.array_equal(parsed({"features": rows}), rows)
