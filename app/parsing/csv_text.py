"""Reads CSV: a header with the columns' names, then a line of numbers for each row."""

import csv
import io
import re

from app.parsing.faults import BadInputError
from app.parsing.tables import Headed

# Python's float() takes more than a file should say: 1_000, nan, digits of other scripts.
NUMBER = re.compile(r"[ \t]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t]*", re.ASCII)
PLAIN = re.compile(r'[0-9eE+\-., \t\r\n"]*')


def read(body: bytes, *, others: bool = False) -> Headed:
    """Return the rows under their header; `others` says that more columns may be there.

    Raises
    ------
    BadInputError
        It is no CSV in UTF-8 or has no header.
    """
    try:
        text = body.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except UnicodeDecodeError as error:
        message = f"the CSV is not UTF-8: {error.reason} at byte {error.start}"
        raise BadInputError(message) from error
    except csv.Error as error:
        message = f"the body is not valid CSV: {error}"
        raise BadInputError(message) from error
    if not lines:
        message = "the body is empty: send CSV with a header line"
        raise BadInputError(message)
    names = tuple(name.strip() for name in lines[0])
    rest = text[text.find("\n") + 1 :]
    if PLAIN.fullmatch(rest):
        try:
            return Headed(names, [list(map(float, line)) for line in lines[1:]], others)
        except ValueError:
            pass  # An empty cell, or something like 1-2: named when it is used.
    return Headed(names, [_row(line) for line in lines[1:]], others)


def _row(line: list[str]) -> list[float | str]:
    # Text stays text: it is refused where a column of the model's holds it, and only there.
    return [float(cell) if NUMBER.fullmatch(cell) else cell for cell in line]
