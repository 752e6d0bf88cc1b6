"""Pure: reads the body of a feedback request."""

import math
from collections.abc import Mapping
from typing import Any

from app.database.feedback import FeedbackError, Told

LONGEST_ID = 64
KEYS = frozenset({"prediction_id", "row", "actual"})
LARGEST = 1e15
"""Beyond, the square of an error would not be a number that means anything."""

SHAPE = 'send {"prediction_id": ..., "actual": 4.5}, or {"feedback": [those, with "row"]}'


def told(parsed: object, most: int) -> list[Told]:
    """Return what was told: one, or a list of at most `most`.

    Raises
    ------
    FeedbackError
        It has another form, or a value is of no use.
    """
    if not isinstance(parsed, Mapping):
        raise FeedbackError(0, 400, f"the body must be a JSON object: {SHAPE}")
    if "feedback" not in parsed:
        return [_one(0, parsed)]
    items = parsed["feedback"]
    if set(parsed) != {"feedback"} or not isinstance(items, list) or not items:
        raise FeedbackError(0, 400, f"feedback must be a list that is not empty: {SHAPE}")
    if len(items) > most:
        raise FeedbackError(most, 413, f"{len(items)} are more than the {most} of one request")
    return [_one(item, each) for item, each in enumerate(items)]


def _one(item: int, given: object) -> Told:
    if not isinstance(given, Mapping):
        raise FeedbackError(item, 400, f"this is no object: {SHAPE}")
    if others := set(given) - KEYS:
        shown = ", ".join(sorted(str(other)[:40] for other in others)[:5])
        raise FeedbackError(item, 400, f"{shown} cannot be told: {SHAPE}")
    return Told(_id(item, given), _row(item, given), _actual(item, given))


def _id(item: int, given: Mapping[str, Any]) -> str:
    value = given.get("prediction_id")
    if not is_id(value):
        message = "prediction_id must be the one that came with the prediction"
        raise FeedbackError(item, 400, message)
    return str(value)


def is_id(value: object) -> bool:
    """Return whether this could be a prediction's id."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_ID
        and value.isascii()
        and value.isprintable()
    )


def _row(item: int, given: Mapping[str, Any]) -> int | None:
    value = given.get("row")
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise FeedbackError(item, 400, "row must be a whole number, counted from 0")


def _actual(item: int, given: Mapping[str, Any]) -> float:
    value = given.get("actual")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FeedbackError(item, 400, "actual must be a number: the true value")
    if not abs(value) <= LARGEST or math.isnan(value):
        raise FeedbackError(item, 400, f"actual must be between {-LARGEST:g} and {LARGEST:g}")
    return float(value)
