"""Reads the inference requests of the Open Inference Protocol, version 2, as JSON.

https://github.com/kserve/open-inference-protocol : rows come as one tensor, (rows, columns), or
as one tensor for each column, named like it. With the extension for binary tensors, Triton's
clients send JSON and then the tensors' bytes.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.parsing import json_text
from app.parsing.faults import BadInputError, brief, shortened, show
from app.parsing.tables import Columns, Rows, Table

OUTPUT = "predict"
DATATYPES = {
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
}
TABLE_DIMENSIONS = 2
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its rows, and the id that the caller gave it."""

    table: Table
    id: str | None


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    values: list[Any]


def read(body: bytes, json_length: int | None = None) -> Asked:
    """Return what a request asks.

    Parameters
    ----------
    json_length
        How much of the body is JSON, when tensors follow as bytes.

    Raises
    ------
    BadInputError
        It is no JSON or no inference request; a tensor's shape and data do not fit.
    """
    end = len(body) if json_length is None else json_length
    parsed = json_text.load(body[:end])
    if not isinstance(parsed, dict) or not isinstance(parsed.get("inputs"), list):
        message = f"the body must be an object with a list of inputs, not {show(parsed)}"
        raise BadInputError(message, value=brief(parsed))
    identity = parsed.get("id")
    if identity is not None and not isinstance(identity, str):
        message = f"id must be a string, not {show(identity)}"
        raise BadInputError(message, value=brief(identity))
    # The answer repeats it, and half a character is in no answer.
    if identity is not None and HALF_CHARACTER.search(identity):
        message = f"id must be of whole characters: {show(identity)} has half of one"
        raise BadInputError(message, value=brief(identity))
    _check_outputs(parsed.get("outputs"))
    tensors, rest = [], memoryview(body)[end:]
    for number, found in enumerate(parsed["inputs"]):
        tensor, rest = _tensor(found, number, rest)
        tensors.append(tensor)
    if len(rest):
        message = f"{len(rest)} bytes follow that belong to no tensor"
        raise BadInputError(message)
    return Asked(_table(tensors), identity)


def _check_outputs(outputs: object) -> None:
    """Refuse what asks for something else than the predictions."""
    if outputs is None or outputs == []:
        return
    names = outputs if isinstance(outputs, list) else [outputs]
    for output in names:
        name = output.get("name") if isinstance(output, dict) else output
        if name != OUTPUT:
            message = f"outputs: {show(name)} is not known: the model's output is {OUTPUT!r}"
            raise BadInputError(message, value=brief(name))


def _table(tensors: Sequence[_Tensor]) -> Table:
    if len(tensors) == 1 and len(tensors[0].shape) == TABLE_DIMENSIONS and tensors[0].shape[1] != 1:
        rows, width = tensors[0].shape
        found = tensors[0].values
        return Rows([found[row * width : (row + 1) * width] for row in range(rows)])
    columns: dict[str, Any] = {}
    for tensor in tensors:
        name, shape = tensor.name, tensor.shape
        if name in columns:
            message = f"input {show(name)} stands in the body more than once"
            raise BadInputError(message, column=shortened(name))
        if math.prod(shape[1:]) != 1:
            message = (
                f"input {show(name)}: its shape is {show(list(shape))}: send one input of "
                "[rows, columns], or for each column one of [rows]"
            )
            raise BadInputError(message, column=shortened(name))
        columns[name] = tensor.values
    return Columns(columns)


def _tensor(found: object, number: int, rest: memoryview) -> tuple[_Tensor, memoryview]:
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        message = f"input {number}: must be an object with name, shape, datatype and data"
        raise BadInputError(message, value=brief(found))
    name = found["name"]
    datatype = found.get("datatype")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        message = f"input {show(name)}: datatype {show(datatype)} is none of {', '.join(DATATYPES)}"
        raise BadInputError(message, column=shortened(name), value=brief(datatype))
    shape = _shape(found.get("shape"), name)
    values, rest = _values(found, datatype, rest)
    if len(values) != math.prod(shape):
        message = f"input {show(name)}: has {len(values)} values, and its shape another number"
        raise BadInputError(message, column=shortened(name), value=len(values))
    if "INT" in datatype and any(_is_fraction(value) for value in values):
        message = f"input {show(name)}: a value is no integer, as its datatype {datatype} says"
        raise BadInputError(message, column=shortened(name))
    return _Tensor(name, shape, values), rest


def _is_fraction(value: object) -> bool:
    # To JSON 46.0 is an integer.
    return isinstance(value, float) and not value.is_integer()


def _shape(found: object, name: str) -> tuple[int, ...]:
    fits = (
        isinstance(found, list)
        and 1 <= len(found) <= TABLE_DIMENSIONS
        and all(type(size) is int and size >= 0 for size in found)
    )
    if not isinstance(found, list) or not fits:
        message = f"input {show(name)}: shape must be [rows] or [rows, columns], not {show(found)}"
        raise BadInputError(message, column=shortened(name), value=brief(found))
    return tuple(found)


def _values(
    found: Mapping[str, Any], datatype: str, rest: memoryview
) -> tuple[list[Any], memoryview]:
    name = found["name"]
    parameters = found.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is None:
        return _flat(found.get("data"), name), rest
    kind = np.dtype(DATATYPES[datatype])
    if type(size) is not int or not 0 <= size <= len(rest) or size % kind.itemsize:
        message = f"input {show(name)}: its {show(size)} bytes of {datatype} are not in the body"
        raise BadInputError(message, column=shortened(name), value=brief(size))
    values: list[Any] = np.frombuffer(rest[:size], kind).tolist()
    return values, rest[size:]


def _flat(data: object, name: str) -> list[Any]:
    """Return a tensor's values in row-major order, whether they came nested or not."""
    if not isinstance(data, list):
        message = f"input {show(name)}: data must be a list of numbers, not {show(data)}"
        raise BadInputError(message, column=shortened(name), value=brief(data))
    if not any(isinstance(value, list) for value in data):
        return data
    lengths = {len(value) if isinstance(value, list) else None for value in data}
    if len(lengths) > 1:
        message = f"input {show(name)}: the rows of its data are of different lengths"
        raise BadInputError(message, column=shortened(name))
    return [value for row in data for value in row]
