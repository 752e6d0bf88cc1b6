"""Descriptions of the operations on the models that are served."""

from app.openapi.operation import ERROR, Entry, Json, Now, Operation
from app.openapi.schemas import IDENTITY, NUMBER, TEXT, listed, record

FLAG: Json = {"type": "boolean"}
MAYBE: Json = {"type": ["string", "null"]}
COLUMN = record({"name": TEXT, "unit": TEXT, "low": NUMBER, "high": NUMBER})


def models(_now: Now) -> Operation:
    """GET /models."""
    model: dict[str, Json] = {
        "model": TEXT,
        "version": MAYBE,
        "run_id": MAYBE,
        "champion": {**MAYBE, "description": "The version that the registry names."},
        "stale": {**FLAG, "description": "What is served may not be what the registry names."},
        "problem": MAYBE,
        "memory_bytes": {"type": "integer"},
        "default": {**FLAG, "description": "It answers when none is named."},
    }
    # What is known of a model that is served.
    served: dict[str, Json] = {
        "columns": listed(COLUMN),
        "unit": TEXT,
        "classes": listed({"type": "integer"}),
        "example": {},
    }
    memory = record({"used_bytes": {"type": "integer"}, "budget_bytes": {"type": "integer"}})
    found = record({**model, **served}, *served)
    return Operation(
        "Every model, with its columns, units, ranges and an example",
        {200: ("All that are followed.", record({"models": listed(found), "memory": memory}))},
        scope="predict",
    )


def previous(now: Now) -> Operation:
    """POST /models/{name}/previous."""
    names = [model.name for model in now.models]
    schema: Json = {"type": "string", "enum": names} if names else TEXT
    name = {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "A registered model.",
        "schema": schema,
    }
    return Operation(
        "Make the champion before this one champion again",
        {
            200: ("What is served now.", record({**IDENTITY, "previous": MAYBE})),
            404: ("No model of this name is followed.", ERROR),
            409: ("There is nothing to go back to, or it cannot be served.", ERROR),
            503: ("The registry cannot be asked now.", ERROR),
        },
        scope="manage",
        parameters=[name],
    )


def hook(_now: Now) -> Operation:
    """POST /models/hook."""
    return Operation(
        "MLflow's webhook: look at the registry now",
        {
            204: ("It is looked at.", None),
            401: ("It is not signed by MLflow, or too long ago.", ERROR),
            404: ("This service has no webhook.", ERROR),
            413: ("The body is too large.", ERROR),
        },
        description="Signed in X-MLflow-Signature.",
    )


ENTRIES: dict[str, Entry] = {
    "GET /models": models,
    "POST /models/{name}/previous": previous,
    "POST /models/hook": hook,
}
