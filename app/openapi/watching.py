"""Descriptions of the operations that tell how the service is, and of the pages for people."""

from app.openapi.operation import ERROR, HTML, Entry, Json, Now, Operation
from app.openapi.predicting import model_named
from app.openapi.schemas import NUMBER, TEXT, TIME, listed, record
from app.status import queries
from app.status.collect import LIMITS
from app.status.figures import NOW_FIGURES

READY: Json = {
    "type": "object",
    "required": ["status", "model", "version", "run_id"],
    "properties": {
        "status": {"type": "string", "enum": ["ready", "waiting"]},
        "model": {"type": ["string", "null"]},
        "version": {"type": ["string", "null"]},
        "run_id": {"type": ["string", "null"]},
        "bundle": {"type": "string", "description": "The host bundle that started this process."},
        "stale": {"type": "boolean", "description": "The registry cannot be followed now."},
        "problem": TEXT,
        "error": TEXT,
    },
}

TEXT_OR_NONE: Json = {"type": ["string", "null"]}
NUMBER_OR_NONE: Json = {"type": ["number", "null"]}
COURSE = listed(NUMBER_OR_NONE)
IN_FORCE: Json = {
    **record(
        {
            "name": TEXT,
            "version": TEXT,
            "since": {**TEXT_OR_NONE, "format": "date-time"},
            "baseline_rmse": {
                **NUMBER_OR_NONE,
                "description": "RMSE on its test rows, the upper end of what it may be.",
            },
        }
    ),
    "type": ["object", "null"],
}
RETRAINING = record(
    {
        "id": {"type": "integer"},
        "at": TIME,
        "model": TEXT,
        "trigger": {"type": "string", "description": "What asked for it."},
        "stage": TEXT,
        "outcome": {"enum": ["promoted", "refused", "failed", None]},
        "reason": TEXT,
        "seconds": {"type": "number", "description": "From its begin to its end, or until now."},
        "version": {**TEXT_OR_NONE, "description": "The challenger."},
    }
)
STATUS = record(
    {
        "at": TIME,
        "services": listed(record({"name": TEXT, "up": {"type": "boolean"}})),
        "model": IN_FORCE,
        "now": record(dict.fromkeys(NOW_FIGURES, NUMBER_OR_NONE)),
        "course": record(
            {
                "at": listed({"type": "integer", "description": "Seconds since 1970."}),
                **dict.fromkeys(queries.COURSE, COURSE),
                queries.PSI: {"type": "object", "additionalProperties": COURSE},
            }
        ),
        "limits": record(dict.fromkeys(LIMITS, NUMBER)),
        "retrainings": listed(RETRAINING),
        "problems": record(dict.fromkeys(("prometheus", "database", "model"), TEXT_OR_NONE)),
    }
)


def index(now: Now) -> Operation:
    """GET /."""
    routes = {"type": "object", "additionalProperties": TEXT}
    answer = record({"service": TEXT, "routes": routes, "example": {}})
    return Operation(
        "The page for people; as JSON, all operations and a body that works",
        {200: ("The page or the list.", answer), 404: ("No such model is served.", ERROR)},
        parameters=[model_named(now)],
        other_answers=(HTML,),
    )


def healthz(_now: Now) -> Operation:
    """GET /healthz."""
    return Operation("Is the process alive", {200: ("It is.", record({"status": TEXT}))})


def readyz(_now: Now) -> Operation:
    """GET /readyz."""
    answers = {200: ("A model is served.", READY), 503: ("None is yet.", READY)}
    return Operation("Is a model served, and which", answers)


def metrics(_now: Now) -> Operation:
    """GET /metrics."""
    return Operation(
        "Figures for Prometheus", {200: ("All metrics.", None)}, other_answers=("text/plain",)
    )


def history(_now: Now) -> Operation:
    """GET /history."""
    return Operation(
        "The page of past predictions and their outcome",
        {200: ("The page.", None)},
        other_answers=(HTML,),
    )


def status(_now: Now) -> Operation:
    """GET /status."""
    return Operation(
        "The page of how the service is", {200: ("The page.", None)}, other_answers=(HTML,)
    )


def status_data(_now: Now) -> Operation:
    """GET /status/data."""
    return Operation(
        "How the service is: services, the model in force, traffic, drift, retrainings",
        {200: ("It; what cannot be had is empty, and named among the problems.", STATUS)},
        scope="predict",
        description="Figures of the last hour from Prometheus, at most ten seconds old.",
    )


def docs(_now: Now) -> Operation:
    """GET /docs."""
    answers = {200: ("The page.", None)}
    return Operation("This description as a page", answers, other_answers=(HTML,))


def openapi(_now: Now) -> Operation:
    """GET /openapi.json."""
    answer = {"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}}
    return Operation("This description, as OpenAPI 3.1", {200: ("It.", record(answer))})


ENTRIES: dict[str, Entry] = {
    "GET /": index,
    "GET /healthz": healthz,
    "GET /readyz": readyz,
    "GET /metrics": metrics,
    "GET /history": history,
    "GET /status": status,
    "GET /status/data": status_data,
    "GET /docs": docs,
    "GET /openapi.json": openapi,
}
