"""Parses the body of a prediction request: bytes and a schema in, an array of rows out."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from app.schema import Column, Schema

Floats = npt.NDArray[np.float64]

LONGEST_SHOWN = 60


class BadInputError(Exception):
    """A request that cannot be answered, and where in it the fault is.

    `row` counts from 0; `value` is a short, harmless picture of what stood there.
    """

    def __init__(
        self, message: str, row: int | None = None, column: str | None = None, value: object = None
    ) -> None:
        super().__init__(message)
        self.row = row
        self.column = column
        self.value = value


def parse(body: bytes, schema: Schema, max_rows: int) -> Floats:
    """Return the body's rows as (rows, columns) in the order of the schema.

    A body is rows, `{"features": [[...], ...]}`; or columns, `{"MedInc": [...], ...}`; or
    records, `[{"MedInc": ..., ...}, ...]`.

    Raises
    ------
    BadInputError
        The body is not JSON or none of these; a value is missing, no number or not plausible.
    """
    rows = _rows(_json(body), schema, max_rows)
    values = _numbers(rows, schema)
    _check_ranges(values, schema)
    return values


def _json(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    if not body.strip():
        message = "the body is empty: send JSON"
        raise BadInputError(message)
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        message = "the JSON is nested too deeply: rows are lists of numbers"
        raise BadInputError(message) from error
    except ValueError as error:
        message = f"the body is not valid JSON: {error}"
        raise BadInputError(message) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"{show(twice)} stands in the body more than once"
        raise BadInputError(message, column=_shortened(twice))
    return found


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a number that a model can use, nor valid JSON"
    raise BadInputError(message, value=name)


def _rows(parsed: object, schema: Schema, max_rows: int) -> Sequence[Any]:
    rows: list[Any]
    if isinstance(parsed, dict) and "features" in parsed:
        _only_columns(parsed, ("features",), None)
        rows = parsed["features"]
        if not isinstance(rows, list):
            message = f"'features' must be a list of rows, not {show(rows)}"
            raise BadInputError(message, column="features", value=_brief(rows))
    elif isinstance(parsed, dict):
        rows = _from_columns(parsed, schema)
    elif isinstance(parsed, list):
        _limit(parsed, max_rows)
        rows = [_from_record(record, row, schema) for row, record in enumerate(parsed)]
    else:
        message = f"the body must be an object or a list of records, not {show(parsed)}"
        raise BadInputError(message, value=_brief(parsed))
    _limit(rows, max_rows)
    return rows


def _limit(rows: Sequence[Any], max_rows: int) -> None:
    if not rows:
        message = "there are no rows: send at least one"
        raise BadInputError(message)
    if len(rows) > max_rows:
        message = f"{len(rows):,} rows are more than the {max_rows:,} that one request may have"
        raise BadInputError(message)


def _from_columns(columns: dict[str, Any], schema: Schema) -> list[tuple[Any, ...]]:
    _only_columns(columns, schema.names, None)
    lengths = {}
    for name in schema.names:
        if not isinstance(columns[name], list):
            message = f"column {name} must be a list of numbers, not {show(columns[name])}"
            raise BadInputError(message, column=name, value=_brief(columns[name]))
        lengths[name] = len(columns[name])
    first = schema.names[0]
    for name, length in lengths.items():
        if length != lengths[first]:
            message = f"column {name} has {length} values and {first} has {lengths[first]}"
            raise BadInputError(message, column=name, value=length)
    return list(zip(*(columns[name] for name in schema.names), strict=True))


def _from_record(record: object, row: int, schema: Schema) -> tuple[Any, ...]:
    if not isinstance(record, dict):
        message = f"row {row}: must be an object with the columns' names, not {show(record)}"
        raise BadInputError(message, row=row, value=_brief(record))
    _only_columns(record, schema.names, row)
    return tuple(record[name] for name in schema.names)


def _only_columns(found: dict[str, Any], wanted: Sequence[str], row: int | None) -> None:
    where = "" if row is None else f"row {row}: "
    for name in wanted:
        if name not in found:
            message = f"{where}column {name} is missing: the columns are {', '.join(wanted)}"
            raise BadInputError(message, row=row, column=name)
    for name in found:
        if name not in wanted:
            message = f"{where}{show(name)} is not known: expected {', '.join(wanted)}"
            raise BadInputError(message, row=row, column=_shortened(name))


def _numbers(rows: Sequence[Any], schema: Schema) -> Floats:
    width = len(schema.columns)
    # One pass in C over everything; only a bad request pays for finding out where it is bad.
    shaped = set(map(type, rows)) <= {list, tuple} and set(map(len, rows)) == {width}
    if shaped and set(map(type, chain.from_iterable(rows))) <= {int, float}:
        try:
            return np.array(rows, dtype=np.float64)
        except OverflowError:
            pass  # An integer beyond the range of floats: named below.
    return np.array([_row(row, number, schema) for number, row in enumerate(rows)])


def _row(row: object, number: int, schema: Schema) -> list[float]:
    if not isinstance(row, list | tuple):
        message = f"row {number}: must be a list of {len(schema.columns)} numbers, not {show(row)}"
        raise BadInputError(message, row=number, value=_brief(row))
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
        raise BadInputError(message, row=row, column=column.name, value=_brief(value))
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _check_ranges(values: Floats, schema: Schema) -> None:
    low = np.array([column.low for column in schema.columns])
    high = np.array([column.high for column in schema.columns])
    plausible = (values >= low) & (values <= high)
    if not plausible.all():
        row, place = (int(at) for at in np.argwhere(~plausible)[0])
        column, value = schema.columns[place], float(values[row, place])
        message = (
            f"row {row}, column {column.name}: {value:g} is not plausible: {column.unit}, "
            f"between {column.low:g} and {column.high:g}"
        )
        # JSON has no infinity to answer with.
        shown = value if np.isfinite(value) else f"{value:g}"
        raise BadInputError(message, row=row, column=column.name, value=shown)


def show(value: object) -> str:
    """Return a value as a caller would recognise it, in JSON, at most some 60 characters long."""
    return _shortened(json.dumps(_brief(value)))


def _brief(value: object) -> object:
    """Return a value as it is when it is small, else a name for what it is."""
    if isinstance(value, str):
        return _shortened(value)
    if isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "object"
        return f"a {kind} of {len(value)}"
    if isinstance(value, int) and abs(value) > 1 << 63:
        return "a very large integer"
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
