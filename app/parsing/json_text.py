"""Reads JSON twice as strictly as usual: quickly when it is sound, exactly when it is not."""

import json
from typing import Any, NoReturn

import orjson

from app.parsing.faults import BadInputError, shortened, show

HOLD_STRINGS = (str, list, dict)


def load(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what the body says.

    Raises
    ------
    BadInputError
        It is empty, no JSON, names a thing twice, or is nested too deeply.
    """
    try:
        found = orjson.loads(body)
        # orjson keeps the last of two equal names in silence. Where nothing is escaped, each
        # string that it kept has two quotes; more quotes are a name too many, or a string among
        # numbers, and both are for the exact reader to name.
        if b"\\" not in body:
            strings = body.count(b'"') / 2
            if (type(found) is dict and len(found) == strings) or _strings(found) == strings:
                return found
    except (ValueError, RecursionError):
        pass
    return load_exactly(body)


def load_exactly(body: bytes) -> Any:  # noqa: ANN401
    """Do the same, ten times slower, naming what is wrong; raises as `load`."""
    if not body.strip():
        message = "the body is empty: send JSON"
        raise BadInputError(message)
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        message = "the JSON is nested too deeply: rows are lists of numbers"
        raise BadInputError(message) from error
    except ValueError as error:
        message = f"the body is not valid JSON: {error}"
        raise BadInputError(message) from error


def _strings(value: object) -> int:
    """Count the strings, names included; a list that begins with a number is taken to have none."""
    if isinstance(value, dict):
        inner = value.values()
        found = len(value)
    elif isinstance(value, list):
        if not value or not isinstance(value[0], HOLD_STRINGS):
            return 0
        inner = value  # type: ignore[assignment]  # another kind of iterable
        found = 0
    else:
        return isinstance(value, str)
    for each in inner:
        if isinstance(each, HOLD_STRINGS):
            found += _strings(each)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"{show(twice)} stands in the body more than once"
        raise BadInputError(message, column=shortened(twice))
    return found


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a number that a model can use, nor valid JSON"
    raise BadInputError(message, value=name)
