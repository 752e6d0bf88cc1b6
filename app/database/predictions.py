"""Predictions in the database: put there from the journal, found again by those who asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError

from app.database.connection import Database, UnusableValueError
from app.database.tables import feedback, predictions
from app.database.upsert import insert_if_new
from app.spool.record import Record, floats

SHOWN_ROWS = 5
"""A list shows so many rows of each prediction; asked for by its id it is shown whole."""

COLUMNS = [column.name for column in predictions.columns]
OF_RECORD = attrgetter(*COLUMNS)

PRUNED_AT_ONCE = 2_000
"""Rows that one transaction deletes: others wait for it meanwhile."""


@dataclass(frozen=True)
class Kept:
    """A prediction as it is shown: `rows` and `predictions` may be the first ones only."""

    id: str
    at: float
    model: str
    version: str
    run_id: str
    row_count: int
    latency_s: float
    rows: list[list[float]]
    predictions: list[float]
    feedback: list[dict[str, float]]
    """`row`, `actual`, `at` of each row that the true value is known of."""


def store(database: Database, records: Sequence[Record]) -> int:
    """Insert what is not there yet; return how many the database refuses for what they are.

    Raises UnavailableError: then nothing was inserted.
    """
    try:
        with database.writing() as connection:
            _insert(connection, records)
    except (IntegrityError, UnusableValueError):
        if len(records) == 1:
            return 1
        # One that it cannot take must not hold up the others for ever.
        return sum(store(database, [record]) for record in records)
    return 0


def _insert(connection: Connection, records: Sequence[Record]) -> None:
    # As text: SQLAlchemy's own way with many rows takes longer than the database does.
    statement = insert_if_new(connection, predictions).compile(
        dialect=connection.dialect, column_keys=COLUMNS
    )
    rows: Any = [OF_RECORD(record) for record in records]
    if not statement.positional:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    if rows:
        connection.exec_driver_sql(str(statement), rows)


def owned_by(user_id: int | None) -> ColumnElement[bool]:
    """Return the condition that selects a caller's own predictions.

    Whoever has not said who they are shares theirs with all others who have not.
    """
    if user_id is None:
        return predictions.c.user_id.is_(None)
    return predictions.c.user_id == user_id


def one(connection: Connection, user_id: int | None, prediction_id: str) -> Kept | None:
    """Return a caller's own prediction, whole."""
    asked = select(predictions).where(predictions.c.id == prediction_id, owned_by(user_id))
    row = connection.execute(asked).first()
    if row is None:
        return None
    return _kept(row, row.row_count, _feedback_of(connection, [row.id], row.row_count))


def newest(
    connection: Connection, user_id: int | None, limit: int, before: str | None
) -> list[Kept]:
    """Return a caller's own predictions, the newest first, each with its first rows.

    `before` is the id of the last one that the caller has seen.
    """
    rows = connection.execute(_first_rows(user_id, limit, before)).all()
    known = _feedback_of(connection, [row.id for row in rows], SHOWN_ROWS)
    return [_kept(row, min(row.row_count, SHOWN_ROWS), known) for row in rows]


def _first_rows(user_id: int | None, limit: int, before: str | None) -> Select[Any]:
    p = predictions.c
    # A large request has megabytes: only what is shown leaves the database.
    row_bytes = func.length(p.rows, type_=Integer) // p.row_count
    shown = select(
        *(p.id, p.at, p.model, p.version, p.run_id, p.row_count, p.latency_s),
        func.substr(p.rows, 1, row_bytes * SHOWN_ROWS, type_=LargeBinary).label("rows"),
        func.substr(p.predictions, 1, 8 * SHOWN_ROWS, type_=LargeBinary).label("predictions"),
    ).where(owned_by(user_id))
    if before is not None:
        seen = select(p.at).where(p.id == before, owned_by(user_id)).scalar_subquery()
        shown = shown.where(or_(p.at < seen, and_(p.at == seen, p.id < before)))
    return shown.order_by(p.at.desc(), p.id.desc()).limit(limit)


def _feedback_of(
    connection: Connection, ids: Sequence[str], rows: int
) -> dict[str, list[dict[str, float]]]:
    f = feedback.c
    asked = select(f.prediction_id, f.row, f.actual, f.at).where(
        f.prediction_id.in_(ids), f.row < rows
    )
    known: dict[str, list[dict[str, float]]] = {}
    for one_id, row, actual, at in connection.execute(asked.order_by(f.prediction_id, f.row)):
        known.setdefault(one_id, []).append({"row": row, "actual": actual, "at": at})
    return known


def _kept(row: Row[Any], shown: int, known: dict[str, list[dict[str, float]]]) -> Kept:
    values = floats(row.rows)
    columns = len(values) // shown
    return Kept(
        *(row.id, row.at, row.model, row.version, row.run_id, row.row_count, row.latency_s),
        rows=[values[start : start + columns] for start in range(0, len(values), columns)],
        predictions=floats(row.predictions),
        feedback=known.get(row.id, []),
    )


def first_at(connection: Connection, model: str) -> float | None:
    """Return when the oldest prediction of a model that is kept was made."""
    p = predictions.c
    asked = select(p.at).where(p.model == model).order_by(p.at).limit(1)
    found: float | None = connection.execute(asked).scalar()
    return found


def prune(database: Database, before: float) -> int:
    """Delete predictions that are older, with their feedback; return how many there were."""
    total = 0
    while True:
        old = select(predictions.c.id).where(predictions.c.at < before).limit(PRUNED_AT_ONCE)
        with database.writing() as connection:
            deleted = connection.execute(delete(predictions).where(predictions.c.id.in_(old)))
        total += deleted.rowcount
        if deleted.rowcount < PRUNED_AT_ONCE:
            return total
