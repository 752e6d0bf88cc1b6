"""True values in the database: told once, compared with what was predicted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from app.database.predictions import owned_by
from app.database.tables import feedback, predictions
from app.database.upsert import insert_if_new
from app.spool.record import floats

RECENT_ROWS = 5_000
"""Of the newest labelled rows of all models so many are looked at, every few seconds."""
LIVE_ROWS = 1_000
"""The live error of a version is that of its newest of these: older ones would hide a change."""


@dataclass(frozen=True)
class Told:
    """What a caller says of a row; `row` None: of the only one."""

    prediction_id: str
    row: int | None
    actual: float


class FeedbackError(Exception):
    """What cannot be taken: its place in the request, why, and the HTTP status."""

    def __init__(self, item: int, status: int, message: str) -> None:
        super().__init__(message)
        self.item = item
        self.status = status


@dataclass(frozen=True)
class LiveError:
    """How far a version's predictions are from the true values, over `rows` recent rows."""

    model: str
    version: str
    rmse: float
    rows: int


def unknown(connection: Connection, user_id: int | None, ids: set[str]) -> set[str]:
    """Return those that are no prediction of the caller's."""
    asked = select(predictions.c.id).where(predictions.c.id.in_(ids), owned_by(user_id))
    return ids - set(connection.execute(asked).scalars())


def add(connection: Connection, user_id: int | None, told: Sequence[Told], now: float) -> int:
    """Keep the true values; return how many are new. The same value told again changes nothing.

    Raises
    ------
    FeedbackError
        One is of an unknown prediction or row, or differs from what was told before. The caller
        must then undo the transaction: all are taken, or none.
    """
    found = _predictions(connection, user_id, {each.prediction_id for each in told})
    rows = [_row(item, each, found, user_id, now) for item, each in enumerate(told)]
    _no_two_values(rows)
    before = _known(connection, rows)
    new = {(row["prediction_id"], row["row"]): row for row in rows}
    new = {key: row for key, row in new.items() if key not in before}
    if new:
        connection.execute(insert_if_new(connection, feedback), list(new.values()))
    # Read again: another request may have told the same rows meanwhile.
    after = _known(connection, rows) if new else before
    for item, row in enumerate(rows):
        _not_changed(item, row, after[row["prediction_id"], row["row"]])
    return len(new)


def live(connection: Connection) -> list[LiveError]:
    """Return the error of each version that recent feedback was told of."""
    f, p = feedback.c, predictions.c
    recent = (
        select(f.prediction_id, f.at, (f.actual - f.predicted).label("error"))
        .order_by(f.at.desc())
        .limit(RECENT_ROWS)
        .subquery()
    )
    asked = (
        select(p.model, p.version, recent.c.error)
        .join(recent, recent.c.prediction_id == p.id)
        .order_by(recent.c.at.desc())
    )
    errors: dict[tuple[str, str], list[float]] = {}
    for model, version, error in connection.execute(asked):
        found = errors.setdefault((model, version), [])
        if len(found) < LIVE_ROWS:
            found.append(error)
    return [
        LiveError(model, version, math.hypot(*found) / math.sqrt(len(found)), len(found))
        for (model, version), found in sorted(errors.items())
    ]


def _predictions(connection: Connection, user_id: int | None, ids: set[str]) -> dict[str, Any]:
    p = predictions.c
    asked = select(p.id, p.predictions).where(p.id.in_(ids), owned_by(user_id))
    return {row.id: floats(row.predictions) for row in connection.execute(asked)}


def _row(
    item: int, told: Told, found: dict[str, Any], user_id: int | None, now: float
) -> dict[str, Any]:
    predicted = found.get(told.prediction_id)
    if predicted is None:
        message = (
            f"{told.prediction_id} is no prediction of yours: it was never made, or is too old"
        )
        raise FeedbackError(item, 404, message)
    if told.row is None and len(predicted) > 1:
        message = f"{told.prediction_id} has {len(predicted)} rows: say which, as row, from 0"
        raise FeedbackError(item, 409, message)
    row = told.row or 0
    if not 0 <= row < len(predicted):
        message = f"row {row}: {told.prediction_id} has {len(predicted)} rows, counted from 0"
        raise FeedbackError(item, 404, message)
    return {
        "prediction_id": told.prediction_id,
        "row": row,
        "predicted": predicted[row],
        "actual": told.actual,
        "at": now,
        "user_id": user_id,
    }


def _no_two_values(rows: Sequence[dict[str, Any]]) -> None:
    told: dict[tuple[str, int], float] = {}
    for item, row in enumerate(rows):
        if told.setdefault((row["prediction_id"], row["row"]), row["actual"]) != row["actual"]:
            message = f"row {row['row']} of {row['prediction_id']} stands here with two values"
            raise FeedbackError(item, 409, message)


def _known(connection: Connection, rows: Sequence[dict[str, Any]]) -> dict[tuple[str, int], float]:
    f = feedback.c
    ids = {row["prediction_id"] for row in rows}
    asked = select(f.prediction_id, f.row, f.actual).where(f.prediction_id.in_(ids))
    return {(row.prediction_id, row.row): row.actual for row in connection.execute(asked)}


def _not_changed(item: int, row: dict[str, Any], known: float) -> None:
    if known != row["actual"]:
        message = (
            f"row {row['row']} of {row['prediction_id']} was told before, as {known:g}: "
            "a true value is told once"
        )
        raise FeedbackError(item, 409, message)
