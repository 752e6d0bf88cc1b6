"""Reads the body of a prediction request, which is not yet compared with a model."""

from app.parsing import csv_text, json_text
from app.parsing.faults import BadInputError, brief, show
from app.parsing.tables import Columns, Records, Rows, Table, only_columns

CSV = "text/csv"


def read(body: bytes, mimetype: str) -> Table:
    """Return what a body of /predict holds: JSON as `read_json` has it, or CSV with a header.

    Raises
    ------
    BadInputError
        It is neither.
    """
    if mimetype == CSV:
        return csv_text.read(body)
    require_json(mimetype, " or CSV as text/csv")
    return read_json(body)


def read_json(body: bytes) -> Table:
    """Return what a JSON body holds, not yet compared with a model.

    That is rows, `{"features": [[...], ...]}`; or columns, `{"MedInc": [...], ...}`; or records,
    `[{"MedInc": ..., ...}, ...]`.

    Raises
    ------
    BadInputError
        It is not JSON, or none of these.
    """
    parsed = json_text.load(body)
    if isinstance(parsed, dict):
        if "features" not in parsed:
            return Columns(parsed)
        only_columns(parsed, ("features",), None)
        rows = parsed["features"]
        if not isinstance(rows, list):
            message = f"'features' must be a list of rows, not {show(rows)}"
            raise BadInputError(message, column="features", value=brief(rows))
        return Rows(rows)
    if isinstance(parsed, list):
        return Records(parsed)
    message = f"the body must be an object or a list of records, not {show(parsed)}"
    raise BadInputError(message, value=brief(parsed))


def require_json(mimetype: str, also: str = "") -> None:
    """Refuse what does not say that it is JSON.

    Raises
    ------
    BadInputError
        With status 415.
    """
    if mimetype == "application/json":
        return
    if mimetype.startswith("application/") and mimetype.endswith("+json"):
        return
    sent = mimetype[:60] or "missing"
    message = f"the Content-Type is {sent}: send JSON as application/json{also}"
    raise BadInputError(message, status=415)
