"""JSON schemas of the bodies that predictions are asked with, of each protocol, and examples."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.model import ServedModel
from app.openapi.operation import Json
from app.openapi.schemas import TEXT, listed, record
from app.parsing.open_inference import DATATYPES, OUTPUT
from app.schema import Column, Schema

Shapes = Callable[[Schema, int], list[Json]]
"""The shapes of a body for a model, with at most so many rows."""


def body(shapes: Shapes, models: Sequence[ServedModel], most_rows: int) -> Json:
    """Return the schema of the bodies that these models answer."""
    found = [shape for model in models for shape in shapes(model.schema, most_rows)]
    return {"anyOf": found} if found else {"type": ["object", "array"]}


def ours(schema: Schema, most_rows: int) -> list[Json]:
    """Return the shapes of /predict: rows, columns, records."""
    return [
        {"title": "Rows", **_closed({"features": _rows(schema, most_rows)})},
        {"title": "Columns", **_closed(_columns(schema, most_rows)), "description": SAME_LENGTH},
        {"title": "Records", **_records(schema, most_rows, closed=True)},
    ]


def mlflow(schema: Schema, most_rows: int) -> list[Json]:
    """Return the shapes of /invocations: exactly one of MLflow's four."""
    rows, records = _rows(schema, most_rows), _records(schema, most_rows, closed=False)
    columns = {**record(_columns(schema, most_rows)), "description": SAME_LENGTH}
    split = {"columns": {"const": list(schema.names)}, "data": rows, "index": {}}
    formats: dict[str, Json] = {
        "dataframe_split": {**record(split, "index"), "additionalProperties": False},
        "dataframe_records": records,
        "instances": {"anyOf": [rows, records]},
        "inputs": {"anyOf": [rows, records, columns]},
    }
    beside: dict[str, Json] = {"params": {}, "signature_name": {}}
    return [
        {**record({name: shape, **beside}, *beside), "additionalProperties": False, "title": name}
        for name, shape in formats.items()
    ]


def open_inference(schema: Schema, most_rows: int) -> list[Json]:
    """Return the shapes of an inference request: one tensor of rows, or one for each column."""
    length = {"type": "integer", "minimum": 1, "maximum": most_rows}
    width = {"const": len(schema.columns)}
    whole = [
        _tensor(TEXT, [length, width], kind, listed(row, minItems=1, maxItems=most_rows))
        for kind, row in ((FLOATS, _row(schema)), (INTEGERS, _row(schema, "integer")))
    ]
    each = [
        _tensor({"const": column.name}, [length], FLOATS, _list(_number(column), most_rows))
        for column in schema.columns
    ]
    inputs = [
        {"title": "One tensor of rows", **listed({"anyOf": whole}, minItems=1, maxItems=1)},
        {
            "title": "A tensor for each column",
            "type": "array",
            "prefixItems": each,
            "minItems": len(each),
            "maxItems": len(each),
        },
    ]
    outputs = {"type": ["array", "null"], "items": record({"name": {"const": OUTPUT}})}
    properties: dict[str, Json] = {
        "id": {"type": ["string", "null"]},
        "inputs": {"anyOf": inputs},
        "outputs": outputs,
    }
    return [record(properties, "id", "outputs")]


SAME_LENGTH = "All of the same length."
FLOATS = [name for name in DATATYPES if name.startswith("FP")]
INTEGERS = [name for name in DATATYPES if "INT" in name]


def examples(models: Sequence[ServedModel]) -> dict[str, Any]:
    """Return a body of each shape of /predict for each model, by name."""
    found: dict[str, Any] = {}
    for model in models:
        names, row = model.schema.names, _example_row(model)
        columns = {name: [value] for name, value in zip(names, row, strict=True)}
        found[f"{model.name}, rows"] = {"features": [row]}
        found[f"{model.name}, columns"] = columns
        found[f"{model.name}, records"] = [dict(zip(names, row, strict=True))]
    return found


def mlflow_examples(models: Sequence[ServedModel]) -> dict[str, Any]:
    """Return a data frame for each model, as MLflow's clients send it."""
    return {
        model.name: {
            "dataframe_split": {"columns": list(model.schema.names), "data": [_example_row(model)]}
        }
        for model in models
    }


def open_inference_examples(models: Sequence[ServedModel]) -> dict[str, Any]:
    """Return a tensor of one row for each model."""
    found: dict[str, Any] = {}
    for model in models:
        row = _example_row(model)
        tensor = {"name": "input", "shape": [1, len(row)], "datatype": "FP64", "data": [row]}
        found[model.name] = {"inputs": [tensor]}
    return found


def csv(models: Sequence[ServedModel], most_rows: int, *, closed: bool) -> Json:
    """Return the schema of a CSV body: what its lines mean, as records."""
    found: list[Json] = []
    for model in models:
        lines = (model.schema.names, map(str, _example_row(model)))
        example = "\n".join(",".join(line) for line in lines)
        words = f"A line with the columns' names, then a line for each row:\n{example}"
        found.append({"description": words, **_records(model.schema, most_rows, closed=closed)})
    return {"anyOf": found} if found else TEXT


def _example_row(model: ServedModel) -> list[float]:
    # What people would write: 41 and not 41.0, and no more digits than anybody measures.
    return [json.loads(f"{value:.7g}") for value in model.schema.example_row]


def _rows(schema: Schema, most_rows: int) -> Json:
    return _list(_row(schema), most_rows)


def _row(schema: Schema, kind: str = "number") -> Json:
    numbers = [_number(column, kind) for column in schema.columns]
    limits: Json = {"minItems": len(numbers), "maxItems": len(numbers)}
    return {"type": "array", "prefixItems": numbers, **limits}


def _columns(schema: Schema, most_rows: int) -> dict[str, Json]:
    return {column.name: _list(_number(column), most_rows) for column in schema.columns}


def _records(schema: Schema, most_rows: int, *, closed: bool) -> Json:
    named = {column.name: _number(column) for column in schema.columns}
    return _list(_closed(named) if closed else record(named), most_rows)


def _list(items: Json, most_rows: int) -> Json:
    return listed(items, minItems=1, maxItems=most_rows)


def _tensor(name: Json, shape: Sequence[Json], kinds: Sequence[str], data: Json) -> Json:
    sizes: Json = {"type": "array", "prefixItems": list(shape)}
    sizes |= {"minItems": len(shape), "maxItems": len(shape), "description": "As the data has it."}
    kind = {"type": "string", "enum": list(kinds)}
    return record({"name": name, "shape": sizes, "datatype": kind, "data": data})


def _number(column: Column, kind: str = "number") -> Json:
    return {
        "type": kind,
        "title": column.name,
        "description": column.unit,
        "minimum": column.low,
        "maximum": column.high,
    }


def _closed(properties: Mapping[str, Json]) -> Json:
    return {**record(properties), "additionalProperties": False}
