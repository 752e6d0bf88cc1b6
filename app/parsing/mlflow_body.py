"""Reads the bodies of MLflow's scoring server, `/invocations`.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#json-input : exactly one of
`dataframe_split`, `dataframe_records`, `instances`, `inputs`, beside it `params`; or CSV. As
there, columns that the model does not have are passed over.
"""

from collections.abc import Mapping
from typing import Any

from app.parsing import csv_text, json_text
from app.parsing.faults import BadInputError, brief, show
from app.parsing.tables import Columns, Headed, Records, Rows, Table
from app.request import CSV, require_json

SPLIT, RECORDS, INSTANCES, INPUTS = "dataframe_split", "dataframe_records", "instances", "inputs"
FORMATS = (SPLIT, RECORDS, INSTANCES, INPUTS)
BESIDE = ("params", "signature_name")
OF_SPLIT = ("columns", "data", "index")


def read(body: bytes, mimetype: str) -> Table:
    """Return the rows of a body.

    Raises
    ------
    BadInputError
        It has none of the formats, or two, or its parts are not what the format says.
    """
    if mimetype == CSV:
        return csv_text.read(body, others=True)
    require_json(mimetype, " or CSV as text/csv")
    parsed = json_text.load(body)
    if not isinstance(parsed, dict):
        message = f"the body must be an object with one of {', '.join(FORMATS)}, not {show(parsed)}"
        raise BadInputError(message, value=brief(parsed))
    for name in parsed:
        if name not in FORMATS + BESIDE:
            message = f"{show(name)} is not known: send one of {', '.join(FORMATS)}"
            raise BadInputError(message)
    named = [name for name in FORMATS if name in parsed]
    if len(named) != 1:
        sent = ", ".join(named) or "none"
        message = f"the body must have exactly one of {', '.join(FORMATS)}; it has {sent}"
        raise BadInputError(message)
    return _split(parsed[SPLIT]) if named[0] == SPLIT else _rows(parsed, named[0])


def _split(found: object) -> Table:
    if not isinstance(found, dict):
        message = f"{SPLIT} must be an object with columns and data, not {show(found)}"
        raise BadInputError(message, value=brief(found))
    for name in found:
        if name not in OF_SPLIT:
            message = f"{SPLIT}: {show(name)} is not known: it has columns, data and index"
            raise BadInputError(message)
    columns, data = _list(found, "columns"), _list(found, "data")
    if not all(isinstance(name, str) for name in columns):
        message = f"{SPLIT}: columns must be the columns' names"
        raise BadInputError(message)
    return Headed(tuple(columns), data, others=True)


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(found.get(name), list):
        message = f"{SPLIT}: {name} must be a list, not {show(found.get(name))}"
        raise BadInputError(message, value=brief(found.get(name)))
    part: list[Any] = found[name]
    return part


def _rows(parsed: Mapping[str, Any], name: str) -> Table:
    found = parsed[name]
    if name == INPUTS and isinstance(found, dict):
        return Columns(found, others=True)
    if not isinstance(found, list):
        message = f"{name} must be a list of rows, not {show(found)}"
        raise BadInputError(message, value=brief(found))
    records = name == RECORDS or (bool(found) and isinstance(found[0], dict))
    return Records(found, others=True) if records else Rows(found)
