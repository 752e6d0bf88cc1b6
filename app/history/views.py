"""Shows past predictions and takes true values; each caller meets only what is their own."""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, jsonify, request

from app.caller import RefusedError
from app.database import feedback, predictions
from app.database.feedback import FeedbackError
from app.history.told import is_id, told
from app.instants import iso
from app.keeper.drain import fetch
from app.parsing.faults import BadInputError
from app.parsing.json_text import load_exactly
from app.service import Service, service_of
from app.spool.record import Record

PAGE, LARGEST_PAGE = 50, 200
MOST_FETCHED_BYTES = 1 << 20
"""Of the journal's newest data: reading it takes a tenth of a second of a worker's only thread."""

NOT_YET = "there is a backlog of predictions that cannot be seen yet: try again in some seconds"


def list_predictions() -> Response:
    """List the caller's predictions, the newest first."""
    service = service_of(current_app)
    user_id = service.gate.caller(request.environ, "history").user_id
    limit, before = _limit(), request.args.get("before")
    if before is not None and not is_id(before):
        raise RefusedError(400, "before must be the id of the last prediction that you have seen")
    # After a long outage the list lacks some instead of waiting for all of it.
    if before is None:
        _fetch(service, lambda record: record.user_id == user_id)
    with service.database.reading() as connection:
        found = predictions.newest(connection, user_id, limit + 1, before)
    page = found[:limit]
    more = page[-1].id if len(found) > limit else None
    return jsonify(predictions=[_shown(each) for each in page], before=more)


def show_prediction(prediction_id: str) -> Response:
    """Show one of the caller's predictions, with all rows."""
    service = service_of(current_app)
    user_id = service.gate.caller(request.environ, "history").user_id
    found = None
    if is_id(prediction_id):
        found = _one(service, user_id, prediction_id)
        if found is None:
            complete = _fetch(service, lambda record: record.id == prediction_id)
            found = _one(service, user_id, prediction_id)
            if found is None and not complete:
                raise RefusedError(503, NOT_YET)
    if found is None:
        raise RefusedError(404, "you have no such prediction: it was never made, or is too old")
    return jsonify(**_shown(found))


def tell_feedback() -> Response | tuple[Response, int]:
    """Take the true values of predictions, all of a request or none."""
    service = service_of(current_app)
    user_id = service.gate.caller(request.environ, "feedback").user_id
    try:
        new, taken = _tell(service, user_id)
    except FeedbackError as error:
        return jsonify(error=str(error), item=error.item), error.status
    service.metrics.feedback_rows.inc(new)
    return jsonify(rows=taken, new=new)


def _tell(service: Service, user_id: int | None) -> tuple[int, int]:
    if not request.is_json:
        raise FeedbackError(0, 415, "send JSON as application/json")
    items = told(_json(), service.settings.max_rows)
    ids = {item.prediction_id for item in items}
    with service.database.reading() as connection:
        # What is no id was never given out: it is not looked for in the journal.
        missing = {found for found in feedback.unknown(connection, user_id, ids) if is_id(found)}
    complete = not missing or _fetch(service, lambda record: record.id in missing)
    with service.database.writing() as connection:
        if not complete and feedback.unknown(connection, user_id, ids):
            raise RefusedError(503, NOT_YET)
        return feedback.add(connection, user_id, items, time.time()), len(items)


def _json() -> object:
    try:
        # The quick reader makes whole numbers of more than 64 bits something else.
        return load_exactly(request.get_data(cache=False))
    except BadInputError as error:
        raise FeedbackError(0, 400, str(error)) from error


def _fetch(service: Service, wanted: Callable[[Record], bool]) -> bool:
    return fetch(service.settings.journal_dir, service.database, wanted, MOST_FETCHED_BYTES)


def _one(service: Service, user_id: int | None, prediction_id: str) -> predictions.Kept | None:
    with service.database.reading() as connection:
        return predictions.one(connection, user_id, prediction_id)


def _limit() -> int:
    text = request.args.get("limit", str(PAGE))
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) >= 1):  # noqa: PLR2004
        raise RefusedError(400, f"limit must be a whole number from 1 to {LARGEST_PAGE}")
    return min(int(text), LARGEST_PAGE)


def _shown(kept: predictions.Kept) -> dict[str, Any]:
    shown = dataclasses.asdict(kept)
    shown["at"] = iso(kept.at)
    # JSON has no NaN.
    shown["rows"] = [[None if math.isnan(value) else value for value in row] for row in kept.rows]
    shown["feedback"] = [{**each, "at": iso(each["at"])} for each in kept.feedback]
    return shown
