"""The shapes in which rows arrive, before it is known which model they are for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.parsing.faults import BadInputError, brief, shortened, show
from app.schema import Schema


class Table(Protocol):
    """Rows as they were sent."""

    @property
    def names(self) -> Collection[str] | None:
        """The columns that are named; None when the values are in the model's order."""

    def rows(self, schema: Schema) -> Sequence[Any]:
        """Return the rows, each with its values in the order of the schema.

        Raises
        ------
        BadInputError
            A column is missing, not known, or of another length.
        """


@dataclass(frozen=True, slots=True)
class Rows:
    """Lists of values in the model's order."""

    found: Sequence[Any]

    @property
    def names(self) -> None:
        """No column is named."""
        return

    def rows(self, schema: Schema) -> Sequence[Any]:  # noqa: ARG002
        """Return them as they are."""
        return self.found


@dataclass(frozen=True, slots=True)
class Columns:
    """A list of values for each column; `others` says that columns of no use are passed over."""

    found: dict[str, Any]
    others: bool = False

    @property
    def names(self) -> Collection[str]:
        """The columns' names."""
        return self.found.keys()

    def rows(self, schema: Schema) -> Sequence[Any]:
        """Return the columns' values side by side; raises as `Table.rows`."""
        columns = self.found
        only_columns(columns, schema.names, None, others=self.others)
        lengths = {}
        for name in schema.names:
            if not isinstance(columns[name], list):
                message = f"column {name} must be a list of numbers, not {show(columns[name])}"
                raise BadInputError(message, column=name, value=brief(columns[name]))
            lengths[name] = len(columns[name])
        first = schema.names[0]
        for name, length in lengths.items():
            if length != lengths[first]:
                message = f"column {name} has {length} values and {first} has {lengths[first]}"
                raise BadInputError(message, column=name, value=length)
        return list(zip(*(columns[name] for name in schema.names), strict=True))


@dataclass(frozen=True, slots=True)
class Records:
    """An object for each row."""

    found: Sequence[Any]
    others: bool = False

    @property
    def names(self) -> Collection[str] | None:
        """The columns that the first row names: the others must name the same."""
        first = self.found[0] if self.found else None
        return first.keys() if isinstance(first, dict) else None

    def rows(self, schema: Schema) -> Sequence[Any]:
        """Return each object's values; raises as `Table.rows`."""
        return [self._row(record, row, schema) for row, record in enumerate(self.found)]

    def _row(self, record: object, row: int, schema: Schema) -> tuple[Any, ...]:
        if not isinstance(record, dict):
            message = f"row {row}: must be an object with the columns' names, not {show(record)}"
            raise BadInputError(message, row=row, value=brief(record))
        only_columns(record, schema.names, row, others=self.others)
        return tuple(record[name] for name in schema.names)


@dataclass(frozen=True, slots=True)
class Headed:
    """A line of names, then rows of values in that order."""

    names: tuple[str, ...]
    found: Sequence[Any]
    others: bool = False

    def rows(self, schema: Schema) -> Sequence[Any]:
        """Return the rows with their values in the schema's order; raises as `Table.rows`."""
        place = {name: at for at, name in enumerate(self.names)}
        if len(place) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            message = f"column {show(twice)} stands in the header more than once"
            raise BadInputError(message, column=shortened(twice))
        only_columns(place, schema.names, None, others=self.others)
        order = [place[name] for name in schema.names]
        return [self._row(row, number, order) for number, row in enumerate(self.found)]

    def _row(self, row: object, number: int, order: list[int]) -> list[Any]:
        if not isinstance(row, list):
            message = f"row {number}: must be a list of {len(self.names)} values, not {show(row)}"
            raise BadInputError(message, row=number, value=brief(row))
        if len(row) != len(self.names):
            message = f"row {number}: has {len(row)} values, and the header {len(self.names)}"
            raise BadInputError(message, row=number, value=len(row))
        return [row[at] for at in order]


def only_columns(
    found: dict[str, Any], wanted: Sequence[str], row: int | None, *, others: bool = False
) -> None:
    """Refuse what lacks one of the wanted names or, unless `others` may be there, has more."""
    if found.keys() == frozenset(wanted):
        return
    where = "" if row is None else f"row {row}: "
    for name in wanted:
        if name not in found:
            message = f"{where}column {name} is missing: the columns are {', '.join(wanted)}"
            raise BadInputError(message, row=row, column=name)
    for name in found:
        if name not in wanted and not others:
            message = f"{where}{show(name)} is not known: expected {', '.join(wanted)}"
            raise BadInputError(message, row=row, column=shortened(name))
