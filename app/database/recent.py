"""The newest rows that a model served, and those of them whose true values are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Row,
    case,
    exists,
    func,
    select,
)

from app.database.tables import feedback, predictions

Floats = npt.NDArray[np.float64]

FLOAT_BYTES = 8
MOST_COUNTED = 100_000


@dataclass(frozen=True)
class Served:
    """Served rows, oldest first.

    Parameters
    ----------
    rows
        (rows, columns), in the order of the model's schema.
    predictions, at
        (rows,), the answers, and when they were given: seconds since 1970.
    versions
        Which version answered each row.
    """

    rows: Floats
    predictions: Floats
    at: Floats
    versions: list[str]


@dataclass(frozen=True)
class Labelled:
    """Served rows with their true values, oldest prediction first.

    Parameters
    ----------
    rows
        (rows, columns), in the order of the model's schema.
    actual, predicted, at
        (rows,), the true values, what was answered, and when it was answered.
    versions
        Which version answered each row.
    """

    rows: Floats
    actual: Floats
    predicted: Floats
    at: Floats
    versions: list[str]


def served(connection: Connection, model: str, limit: int) -> Served:
    """Return the newest `limit` rows of a model, whatever version served them.

    Rows with another number of columns than the newest are left out: they are of a model that had
    the name before.
    """
    p = predictions.c
    order = (p.at.desc(), p.id.desc())
    # Every prediction has a row at least, so more of them are not needed.
    newest = select(p.id).where(p.model == model).order_by(*order).limit(limit).subquery()
    so_far = func.sum(p.row_count).over(order_by=order)
    counted = (
        select(p.id, (so_far - p.row_count).label("newer"))
        .join(newest, newest.c.id == p.id)
        .subquery()
    )
    # Of a request with thousands of rows only the last ones leave the database.
    asked = (
        select(
            *(p.at, p.version, p.row_count),
            (func.length(p.rows, type_=Integer) // p.row_count).label("row_bytes"),
            _last_rows(p.rows, limit).label("rows"),
            _last_rows(p.predictions, limit).label("predictions"),
        )
        .join(counted, counted.c.id == p.id)
        .where(counted.c.newer < limit)
        .order_by(*order)
    )
    found = _of_one_width(connection.execute(asked).all())
    given = [min(row.row_count, limit) for row in found]
    return Served(
        rows=_matrix([row.rows for row in found], found)[-limit:],
        predictions=_numbers([row.predictions for row in found])[-limit:],
        at=np.repeat(np.array([row.at for row in found], np.float64), given)[-limit:],
        versions=[row.version for row, n in zip(found, given, strict=True) for _ in range(n)][
            -limit:
        ],
    )


def labelled(connection: Connection, model: str, limit: int) -> Labelled:
    """Return the newest `limit` rows of a model whose true values were told.

    The newest are those that were predicted last, whenever the true value came. Rows with another
    number of columns than the newest are left out.
    """
    p, f = predictions.c, feedback.c
    row_bytes = func.length(p.rows, type_=Integer) // p.row_count
    asked = (
        select(
            *(p.at, p.version, f.actual, f.predicted, row_bytes.label("row_bytes")),
            func.substr(p.rows, f.row * row_bytes + 1, row_bytes, type_=LargeBinary).label("rows"),
        )
        .join(feedback, f.prediction_id == p.id)
        .where(p.model == model)
        .order_by(p.at.desc(), p.id.desc(), f.row.desc())
        .limit(limit)
    )
    found = _of_one_width(connection.execute(asked).all())
    return Labelled(
        rows=_matrix([row.rows for row in found], found),
        actual=np.array([row.actual for row in found], np.float64),
        predicted=np.array([row.predicted for row in found], np.float64),
        at=np.array([row.at for row in found], np.float64),
        versions=[row.version for row in found],
    )


def labelled_count(connection: Connection, model: str, since: float) -> int:
    """Count a model's rows whose true values were told after `since`, in seconds since 1970.

    No further than to `MOST_COUNTED`: so many are enough for whatever is decided by them.
    """
    f, p = feedback.c, predictions.c
    # SQLite takes a join from its other end, where it would look at all predictions of the model.
    of_model = exists().where(p.id == f.prediction_id, p.model == model)
    told = select(f.row).where(f.at > since, of_model).limit(MOST_COUNTED).subquery()
    count: int = connection.execute(select(func.count()).select_from(told)).scalar_one()
    return count


def _last_rows(column: ColumnElement[bytes], limit: int) -> ColumnElement[bytes]:
    """Return the bytes of the last `limit` rows of a prediction's rows or answers."""
    row_count = predictions.c.row_count
    of_a_row = func.length(column, type_=Integer) // row_count
    first = case((row_count > limit, (row_count - limit) * of_a_row + 1), else_=1)
    return func.substr(column, first, type_=LargeBinary)


def _of_one_width(newest_first: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return, oldest first, what is as wide as the newest."""
    return [row for row in reversed(newest_first) if row.row_bytes == newest_first[0].row_bytes]


def _matrix(parts: Sequence[bytes], found: Sequence[Row[Any]]) -> Floats:
    columns = found[0].row_bytes // FLOAT_BYTES if found else 0
    return _numbers(parts).reshape(-1, columns) if columns else np.empty((0, 0))


def _numbers(parts: Sequence[bytes]) -> Floats:
    return np.frombuffer(b"".join(parts), np.float64)
