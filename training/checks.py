"""Refuses rows that cannot be: a value that is missing, no number, or not plausible."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from training.errors import TrainingError
from training.schema import TABLES, Column

Floats = npt.NDArray[np.float64]
Place = Callable[[int], str]
"""From a row's number, counted from 0, to what people call it."""


def row_place(row: int) -> str:
    """Name a row of data that has no lines."""
    return f"row {row + 1}"


def check_names(found: Sequence[str], wanted: Sequence[str], source: str) -> None:
    """Refuse a table that lacks a column or has one twice.

    Raises
    ------
    TrainingError
        Names the columns, and those that are there.
    """
    if not any(found):
        message = f"{source}: is empty: its first line must name {', '.join(wanted)}"
        raise TrainingError(message)
    missing = [name for name in wanted if name not in found]
    if missing:
        message = (
            f"{source}: column {', '.join(missing)} is missing: there must be {', '.join(wanted)}; "
            f"there is {', '.join(found)}"
        )
        raise TrainingError(message)
    twice = [name for name in wanted if found.count(name) > 1]
    if twice:
        message = f"{source}: column {', '.join(twice)} is there twice: which one is meant?"
        raise TrainingError(message)


def recognise(found: Sequence[str], source: str, among: Sequence[str] = tuple(TABLES)) -> str:
    """Return the name of the table in `training.schema.TABLES` whose columns are all there.

    Raises
    ------
    TrainingError
        There is none; names what the nearest one lacks.
    """

    def there(table: str) -> int:
        return sum(column.name in found for column in TABLES[table])

    nearest = max(among, key=lambda table: there(table) / len(TABLES[table]))
    check_names(found, [column.name for column in TABLES[nearest]], source)
    return nearest


def numbers(
    batch: pa.RecordBatch, columns: Sequence[Column], source: str, place: Place = row_place
) -> Floats:
    """Return the batch's columns as (rows, columns), each value checked.

    Raises
    ------
    TrainingError
        A value is missing, no number or not plausible; names its row, column, the value and what
        is allowed.
    """
    names = batch.schema.names
    values = np.empty((batch.num_rows, len(columns)))
    for index, column in enumerate(columns):
        values[:, index] = _floats(batch.column(names.index(column.name)), column, source, place)
    check_ranges(values, columns, source, place)
    return values


def check_ranges(
    values: Floats, columns: Sequence[Column], source: str, place: Place = row_place
) -> None:
    """Refuse a value outside its column's plausible range.

    Parameters
    ----------
    values
        (rows, columns), in the order of `columns`.

    Raises
    ------
    TrainingError
        Names the first such row, the column, the value, what is allowed and how many rows have it.
    """
    for index, column in enumerate(columns):
        found = values[:, index]
        # Written so that NaN, for which every comparison is false, is refused as well.
        wrong = ~((found >= column.low) & (found <= column.high))
        if wrong.any():
            row = int(np.argmax(wrong))
            message = (
                f"{source}: {place(row)}, column {column.name}: {found[row]:.10g} is not "
                f"plausible: it must be {_allowed(column)}; {int(wrong.sum()):,} of "
                f"{len(found):,} rows are like it{_guess(column, columns, float(found[row]))}"
            )
            raise TrainingError(message)


def _allowed(column: Column) -> str:
    return f"between {column.low:,.10g} and {column.high:,.10g} ({column.unit})"


def _guess(column: Column, columns: Sequence[Column], value: float) -> str:
    """Say what the mistake may be when it is one of the common ones."""
    if scale := re.search(r"in ([\d,]+) USD", column.unit):
        factor = float(scale[1].replace(",", ""))
        if column.low <= value / factor <= column.high:
            return f". Is it in USD? Divide by {factor:,.0f}"
    other = {"latitude": "longitude", "longitude": "latitude"}.get(column.name.lower())
    for swapped in columns:
        if swapped.name.lower() == other and swapped.low <= value <= swapped.high:
            return ". Are latitude and longitude swapped?"
    return ""


def _floats(values: pa.Array, column: Column, source: str, place: Place) -> Floats:
    if values.null_count:
        row = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))
        message = (
            f"{source}: {place(row)}, column {column.name}: there is no value; "
            f"{values.null_count:,} of {len(values):,} rows lack it: it must be {_allowed(column)}"
        )
        raise TrainingError(message)
    try:
        found: Floats = pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except pa.ArrowException as error:
        message = f"{source}: {_not_a_number(values, column, place)}"
        raise TrainingError(message) from error
    return found


def _not_a_number(values: pa.Array, column: Column, place: Place) -> str:
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return f"column {column.name} holds {values.type} and not numbers"
    for row, text in enumerate(values.to_pylist()):
        try:
            pc.cast(pa.array([text]), pa.float64())
        except pa.ArrowException:
            return f"{place(row)}, column {column.name}: {text!r} is not a number"
    return f"column {column.name} cannot be read as numbers"
