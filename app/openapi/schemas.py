"""JSON schemas of bodies and answers, made from what the served models say about themselves."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.model import ServedModel
from app.openapi.operation import Json
from app.schema import Column, Schema

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}

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


def bodies(models: Sequence[ServedModel], most_rows: int) -> Json:
    """Return the schema of the bodies that the models answer."""
    shapes = [shape for model in models for shape in _shapes(model.schema, most_rows)]
    return {"anyOf": shapes} if shapes else {"type": ["object", "array"]}


def examples(models: Sequence[ServedModel]) -> dict[str, Any]:
    """Return a body of each shape for each model, by name."""
    found: dict[str, Any] = {}
    for model in models:
        # What people would write: 41 and not 41.0, and no more digits than anybody measures.
        row = [json.loads(f"{value:.7g}") for value in model.schema.example_row]
        names = model.schema.names
        found[f"{model.name}, rows"] = {"features": [row]}
        found[f"{model.name}, columns"] = {
            name: [value] for name, value in zip(names, row, strict=True)
        }
        found[f"{model.name}, records"] = [dict(zip(names, row, strict=True))]
    return found


def prediction(models: Sequence[ServedModel]) -> Json:
    """Return the schema of one predicted value."""
    classes = sorted({number for model in models for number in model.schema.classes})
    if classes and all(model.schema.classes for model in models):
        return {"type": "integer", "enum": classes}
    return NUMBER


def _shapes(schema: Schema, most_rows: int) -> list[Json]:
    limits = {"minItems": 1, "maxItems": most_rows}
    numbers = [_number(column) for column in schema.columns]
    named = dict(zip(schema.names, numbers, strict=True))
    width = len(numbers)
    row = {"type": "array", "prefixItems": numbers}
    row |= {"minItems": width, "maxItems": width}
    columns = {name: listed(number, **limits) for name, number in named.items()}
    return [
        {"title": "Rows", **_closed({"features": listed(row, **limits)})},
        {
            "title": "Columns",
            "description": "All of the same length.",
            **_closed(columns),
        },
        {"title": "Records", **listed(_closed(named), **limits)},
    ]


def _number(column: Column) -> Json:
    return {
        "type": "number",
        "title": column.name,
        "description": column.unit,
        "minimum": column.low,
        "maximum": column.high,
    }


def _closed(properties: Mapping[str, Json]) -> Json:
    return {**record(properties), "additionalProperties": False}
