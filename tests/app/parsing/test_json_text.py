"""Reading JSON: the quick reader says what the exact one says, or leaves it to that."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.parsing.faults import BadInputError
from app.parsing.json_text import load, load_exactly

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


def either(read, body: bytes) -> object:
    try:
        return read(body)
    except BadInputError as error:
        return (str(error), error.column, error.value)


@given(st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=60)))
@example(b'{"a": 1, "a": 2}')
@example(b'{"a": 1, "\\u0061": 2}')
@example(b'{"a": [1, {"b": 1, "b": 2}]}')
@example(b'{"a": [1, "b"]}')
@example(b'{"a": 18446744073709551616}')
@example(b'{"a": -9223372036854775809}')
def test_both_readers_agree(body):
    """Whatever the bytes, the answer is the exact reader's: the value, or the sentence."""
    assert _same(either(load, body), either(load_exactly, body))


def _same(one: object, other: object) -> bool:
    # An integer beyond 64 bits is a float to orjson; it is the same number to a model.
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, float) and isinstance(other, int) and not isinstance(other, bool):
        return one == float(other)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(
    "body", [b'{"a": 1, "a": 2}', b'[{"b": {"a": 1, "a": 2}}]', b'{"x": [0, {"a": 1, "a": 1}]}']
)
def test_name_that_stands_twice_is_named(body):
    """Where orjson would keep the last of two equal names, the name is told."""
    with pytest.raises(BadInputError, match='"a" stands in the body more than once'):
        load(body)
