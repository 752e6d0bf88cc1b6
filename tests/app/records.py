"""Predictions as the journal and the database have them, for tests."""

import numpy as np

from app.journal import Prediction
from app.spool.encode import encode
from app.spool.record import Record, decode


def prediction(number=1, *, rows=1, user_id=None, at=1_000.0, version="7"):
    values = np.arange(rows * 8, dtype=np.float64).reshape(rows, 8) + number
    texts = ("california-housing", version, "run7")
    answers = [number + 0.5 * row for row in range(rows)]
    return Prediction(f"{number:032x}", at, *texts, values, answers, 0.25, user_id)


def record(number=1, **details) -> Record:
    return next(decode(encode(prediction(number, **details))))


def one_id(number: int) -> str:
    return f"{number:032x}"
