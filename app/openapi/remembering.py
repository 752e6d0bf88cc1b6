"""Descriptions of the operations on past predictions and their true values."""

from app.history.told import LARGEST, LONGEST_ID
from app.openapi.operation import ERROR, Entry, Json, Now, Operation
from app.openapi.schemas import NUMBER, TEXT, TIME, listed, record

ID: Json = {"type": "string", "pattern": f"^[ -~]{{1,{LONGEST_ID}}}$"}
WHOLE: Json = {"type": "integer"}
REFUSED = ("A parameter is refused.", ERROR)
AWAY = ("The database cannot be asked now.", ERROR)
TAKEN = {"rows": WHOLE, "new": WHOLE}

KEPT = record(
    {
        "id": TEXT,
        "at": TIME,
        "model": TEXT,
        "version": TEXT,
        "run_id": TEXT,
        "row_count": {"type": "integer", "description": "Rows and predictions may be fewer."},
        "latency_s": NUMBER,
        "rows": listed(listed({"type": ["number", "null"]})),
        "predictions": listed(NUMBER),
        "feedback": listed(record({"row": WHOLE, "actual": NUMBER, "at": TIME})),
    }
)


def predictions(_now: Now) -> Operation:
    """GET /predictions."""
    answer = {
        "predictions": listed(KEPT),
        "before": {"type": ["string", "null"], "description": "Ask with it for older ones."},
    }
    limit = {"type": "integer", "minimum": 1, "maximum": 99_999, "default": 50}
    return Operation(
        "Your past predictions with their outcome, the newest first",
        {200: ("A page of them.", record(answer)), 400: REFUSED, 503: AWAY},
        scope="history",
        parameters=[
            {
                "name": "limit",
                "in": "query",
                "description": "How many at most; never more than 200.",
                "schema": limit,
            },
            {
                "name": "before",
                "in": "query",
                "description": "Older than the prediction of this id.",
                "schema": ID,
            },
        ],
    )


def prediction(_now: Now) -> Operation:
    """GET /predictions/{prediction_id}."""
    unknown = ("You have no such prediction.", ERROR)
    return Operation(
        "One of your predictions, with all rows",
        {200: ("It.", KEPT), 404: unknown, 503: AWAY},
        scope="history",
        parameters=[
            {
                "name": "prediction_id",
                "in": "path",
                "required": True,
                "description": "The id that came with it.",
                "schema": TEXT,
            }
        ],
    )


def feedback(now: Now) -> Operation:
    """POST /feedback."""
    row = {
        "type": ["integer", "null"],
        "description": "Counted from 0; may be left out where there is one row.",
    }
    actual = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
    told = record({"prediction_id": ID, "row": row, "actual": actual}, "row")
    one = {**told, "additionalProperties": False}
    several = record({"feedback": listed(one, minItems=1, maxItems=now.settings.max_rows)})
    return Operation(
        "Tell the true value of a prediction",
        {
            200: ("How many were taken, and how many are new.", record(TAKEN)),
            404: ("A prediction is not yours or too old, or has no such row.", ERROR),
            409: (
                "Another value was told before or beside it, or it is not said for which row.",
                ERROR,
            ),
            503: AWAY,
        },
        scope="feedback",
        body={"anyOf": [one, {**several, "additionalProperties": False}]},
        examples={"one": {"prediction_id": "0123456789abcdef0123456789abcdef", "actual": 4.526}},
    )


ENTRIES: dict[str, Entry] = {
    "GET /predictions": predictions,
    "GET /predictions/{prediction_id}": prediction,
    "POST /feedback": feedback,
}
