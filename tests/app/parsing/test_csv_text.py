"""Reading CSV: numbers under a header, whatever the order, and nothing that only looks like it."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.parsing.csv_text import read
from app.parsing.faults import BadInputError
from app.parsing.values import values
from tests.app.fakes import SCHEMA

GOOD = list(SCHEMA.example_row)
HEADER = ",".join(SCHEMA.names)
LINE = ",".join(map(str, GOOD))


def parsed(text: str | bytes, *, others: bool = False) -> np.ndarray:
    body = text if isinstance(text, bytes) else text.encode()
    return values(read(body, others=others), SCHEMA, 100)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{LINE}\n{LINE}\n",
        f"\ufeff{HEADER}\r\n{LINE}\r\n\r\n{LINE}",
        f'"MedInc", {HEADER[7:]}\n"8.3252",{LINE[7:]}\n{LINE}',
        ",".join(reversed(SCHEMA.names)) + ("\n" + ",".join(reversed(LINE.split(",")))) * 2,
    ],
    ids=["plain", "excel", "quoted", "reordered"],
)
def test_rows_are_read_by_their_header(text):
    """Line ends, a byte order mark, quotes and another order of columns make no difference."""
    assert np.array_equal(parsed(text), [GOOD, GOOD])


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("", ""),
        ("nan", "nan"),
        ("1_0", "1_0"),
        ("\u0663", "\u0663"),
        ("True", "True"),
        ("1-2", "1-2"),
        ("0x10", "0x10"),
        ("inf", "inf"),
        ("1e999", "inf"),
        ("83252", 83252.0),
    ],
)
def test_bad_cell_is_named(cell, shown):
    """A cell that is no plausible number is refused with its row, column and what it was."""
    with pytest.raises(BadInputError) as caught:
        parsed(f"{HEADER}\n{LINE}\n{cell}{LINE[6:]}")
    assert (caught.value.row, caught.value.column, caught.value.value) == (1, "MedInc", shown)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (HEADER, "no rows"),
        (f"{HEADER}\n1,2\n", "row 0: has 2 values, and the header 8"),
        (f"MedInc,{HEADER}\n1,{LINE}", '"MedInc" stands in the header more than once'),
        (f"{HEADER},x\n{LINE},1", '"x" is not known'),
        (f"{HEADER[7:]}\n{LINE[7:]}", "column MedInc is missing"),
        (f'{HEADER}\n"{LINE}', "not valid CSV"),
        (f"{HEADER}\n" + "1" * 200_000, "not valid CSV"),
        (f"{HEADER}\n" + f"{LINE}\n" * 101, "101 rows are more than the 100"),
    ],
)
def test_malformed_file_is_explained(text, message):
    """A file of the wrong shape is refused with a sentence about its shape."""
    with pytest.raises(BadInputError, match=message):
        parsed(text)


def test_columns_of_no_use_may_hold_anything_where_they_are_allowed():
    """As for MLflow, more columns are passed over when the caller of the parser says so."""
    text = f"{HEADER},town\n{LINE},Berkeley\n{LINE},\n"
    assert np.array_equal(parsed(text, others=True), [GOOD, GOOD])


@given(st.lists(st.lists(st.text(max_size=6), max_size=9), max_size=5))
def test_anything_else_is_refused_and_never_crashes(lines):
    """Whatever the cells, there are plausible rows or the parser's own error."""
    sheet = io.StringIO()
    csv.writer(sheet).writerows([SCHEMA.names, *lines])
    try:
        found = parsed(sheet.getvalue().encode(errors="replace"))
    except BadInputError:
        return
    assert np.isfinite(found).all()
