"""How a server wants its rows, and where its answer has the predictions."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data import Floats
from training.schema import FEATURE_NAMES

Rows = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Form:
    """The form of a server's requests and answers."""

    path: str
    body: Callable[[Rows], dict[str, Any]]
    predictions: Callable[[Any], list[float]]


def _dataframe_split(rows: Rows) -> dict[str, Any]:
    return {"dataframe_split": {"columns": FEATURE_NAMES, "data": rows}}


def _open_inference(rows: Rows) -> dict[str, Any]:
    shape = [len(rows), len(FEATURE_NAMES)]
    return {"inputs": [{"name": "rows", "shape": shape, "datatype": "FP32", "data": rows}]}


FEATURES = Form("/predict", lambda rows: {"features": rows}, lambda answer: answer["predictions"])
MLFLOW = Form("/invocations", _dataframe_split, lambda answer: answer["predictions"])
MLSERVER = Form(
    "/v2/models/housing/infer", _open_inference, lambda answer: answer["outputs"][0]["data"]
)

FORMS = (FEATURES, MLFLOW, MLSERVER)

ONE_ROW, MANY_ROWS = "1 row", "1,000 rows"
ONE_ROW_BODIES = 1_000
MANY = 1_000

TOLERANCE = 2e-6
"""Of predictions around 2: the last digits that single precision has there."""


def encoded(form: Form, rows: Floats) -> bytes:
    """Return a body with these rows."""
    return json.dumps(form.body(rows.tolist())).encode()


def write(rows: Floats, folder: Path) -> None:
    """Write the bodies that are sent in turn, for every form: one a line.

    Parameters
    ----------
    rows
        (rows, 8), at least a thousand; each body has others.
    folder
        Where `file` finds them.
    """
    singles = [rows[at : at + 1] for at in range(ONE_ROW_BODIES)]
    thousands = np.array_split(rows, len(rows) // MANY)
    for form in FORMS:
        for size, parts in ((ONE_ROW, singles), (MANY_ROWS, thousands)):
            lines = b"".join(encoded(form, part) + b"\n" for part in parts)
            file(form, size, folder).write_bytes(lines)


def file(form: Form, size: str, folder: Path) -> Path:
    """Return the file with a form's bodies of a size."""
    return folder / f"{form.path.strip('/').replace('/', '-')}, {size}.jsonl"


def is_equal(answered: Sequence[float], expected: Floats) -> bool:
    """Tell whether a server answers what it must, one prediction a row."""
    return len(answered) == len(expected) and np.allclose(
        answered, expected, rtol=0, atol=TOLERANCE
    )
