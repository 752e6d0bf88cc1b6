"""Fills a database with served rows and their true values."""

import numpy as np

from app.database.connection import Database
from app.database.feedback import Told, add
from app.database.predictions import store
from app.journal import Prediction
from app.spool.encode import encode
from app.spool.record import decode

ROWS_EACH = 100


def log_rows(
    database: Database, model: str, rows, actual, *, at: float = 1_000.0, version: str = "1"
) -> list[str]:
    """Store predictions of at most 100 rows, a second apart, and tell all true values.

    Returns their ids.
    """
    ids = []
    for start in range(0, len(actual), ROWS_EACH):
        part = slice(start, start + ROWS_EACH)
        ids.append(f"{len(ids):04d}{at:028.3f}")
        made = Prediction(
            *(ids[-1], at + len(ids), model, version, "run1"),
            np.ascontiguousarray(rows[part]),
            (actual[part] + 0.5).tolist(),
            0.001,
            None,
        )
        store(database, list(decode(encode(made))))
        told = [Told(ids[-1], row, float(value)) for row, value in enumerate(actual[part])]
        with database.writing() as connection:
            add(connection, None, told, at + len(ids) + 0.5)
    return ids
