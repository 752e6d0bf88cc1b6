"""Turns rows of whatever was sent into an array of plausible numbers."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from app.parsing.faults import BadInputError, brief, show
from app.parsing.tables import Table
from app.schema import Column, Floats, Schema


def values(table: Table, schema: Schema, max_rows: int) -> Floats:
    """Return the table's rows as (rows, columns) in the order of the schema.

    Raises
    ------
    BadInputError
        There are none or too many; a value is missing, no number or not plausible.
    """
    rows = table.rows(schema)
    _limit(rows, max_rows)
    found = _numbers(rows, schema)
    _check_ranges(found, schema)
    return found


def _limit(rows: Sequence[Any], max_rows: int) -> None:
    if not rows:
        message = "there are no rows: send at least one"
        raise BadInputError(message)
    if len(rows) > max_rows:
        message = f"{len(rows):,} rows are more than the {max_rows:,} that one request may have"
        raise BadInputError(message)


def _numbers(rows: Sequence[Any], schema: Schema) -> Floats:
    width = len(schema.columns)
    # One pass in C over everything; only a bad request pays for finding out where it is bad.
    shaped = set(map(type, rows)) <= {list, tuple} and set(map(len, rows)) == {width}
    if shaped and set(map(type, chain.from_iterable(rows))) <= {int, float}:
        try:
            flat = np.fromiter(chain.from_iterable(rows), np.float64, len(rows) * width)
            return flat.reshape(len(rows), width)
        except OverflowError:
            pass  # An integer beyond the range of floats: named below.
    return np.array([_row(row, number, schema) for number, row in enumerate(rows)])


def _row(row: object, number: int, schema: Schema) -> list[float]:
    if not isinstance(row, list | tuple):
        message = f"row {number}: must be a list of {len(schema.columns)} numbers, not {show(row)}"
        raise BadInputError(message, row=number, value=brief(row))
    if len(row) != len(schema.columns):
        names = ", ".join(schema.names)
        message = f"row {number}: has {len(row)} values instead of {len(schema.columns)}: {names}"
        raise BadInputError(message, row=number, value=len(row))
    return [
        _value(value, number, column) for value, column in zip(row, schema.columns, strict=True)
    ]


def _value(value: object, row: int, column: Column) -> float:
    # A boolean is an int to Python, but not a room count to anybody.
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"row {row}, column {column.name}: {show(value)} is not a number"
        raise BadInputError(message, row=row, column=column.name, value=brief(value))
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _check_ranges(found: Floats, schema: Schema) -> None:
    # Written so that what is no number, which compares with nothing, is not plausible either.
    plausible = (found >= schema.low) & (found <= schema.high)
    if not plausible.all():
        row, place = (int(at) for at in np.argwhere(~plausible)[0])
        column, value = schema.columns[place], float(found[row, place])
        message = (
            f"row {row}, column {column.name}: {value:g} is not plausible: {column.unit}, "
            f"between {column.low:g} and {column.high:g}"
        )
        # JSON has no infinity to answer with.
        raise BadInputError(message, row=row, column=column.name, value=brief(value))
