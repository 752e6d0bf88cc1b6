"""JSON schemas of bodies and answers, made from what the served models say about themselves."""

from collections.abc import Mapping, Sequence

from app.model import ServedModel
from app.openapi.operation import Json

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
TIME: Json = {"type": "string", "format": "date-time"}

ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong, and what to do."},
        "row": {"type": "integer", "description": "The row of the fault, counted from 0."},
        "column": {"type": "string", "description": "Its column."},
        "value": {"description": "What stood there."},
        "example": {"description": "A body that this model answers."},
    },
}


def record(properties: Mapping[str, Json], *optional: str) -> Json:
    """Return the schema of an object whose properties are all there, but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": dict(properties)}


def listed(items: Json, **limits: int) -> Json:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **limits}


IDENTITY: dict[str, Json] = {
    "model": {"type": "string", "description": "The registered model that answered."},
    "version": {"type": "string", "description": "Its version in the registry."},
    "run_id": {"type": "string", "description": "The training run that made it."},
}


def prediction(models: Sequence[ServedModel]) -> Json:
    """Return the schema of one predicted value."""
    classes = sorted({number for model in models for number in model.schema.classes})
    if classes and all(model.schema.classes for model in models):
        return {"type": "integer", "enum": classes}
    return NUMBER
