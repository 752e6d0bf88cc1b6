"""What is said of a request that cannot be answered: where the fault is, what stood there."""

import json
import math

LONGEST_SHOWN = 60
LARGEST_SHOWN = 1 << 63


class BadInputError(Exception):
    """A request that cannot be answered, and where in it the fault is.

    `row` counts from 0; `value` is a short, harmless picture of what stood there; `status` is
    415 when it is the kind of body that is not taken, 413 when it is too large, else 400.
    """

    def __init__(
        self,
        message: str,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        *,
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.row = row
        self.column = column
        self.value = value
        self.status = status


def show(value: object) -> str:
    """Return a value as a caller would recognise it, in JSON, at most some 60 characters long."""
    return shortened(json.dumps(brief(value)))


def brief(value: object) -> object:
    """Return a value as it is when it is small, else a name for what it is."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list | tuple | dict):
        kind = "object" if isinstance(value, dict) else "list"
        return f"a {kind} of {len(value)}"
    if isinstance(value, int) and abs(value) > LARGEST_SHOWN:
        return "a very large integer"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def shortened(text: str) -> str:
    """Return the text, cut off where it gets too long to be shown."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
