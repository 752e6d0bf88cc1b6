"""A registry with one version as training writes it, and the rows that were served by it."""

import hashlib
import json

import numpy as np

from app.journal import Prediction
from app.spool.encode import encode
from app.spool.record import Record, decode
from tests.app.mlflow_server import FakeMlflow
from training.rows import ROWS_FILE, TrainingRows

MODEL = "california-housing"


def shelve(fake: FakeMlflow, rows: TrainingRows | None, name: str = MODEL, number: str = "1"):
    """Make a version champion; without rows it is one from before they travelled."""
    files = {} if rows is None else {ROWS_FILE: rows.to_bytes()}
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    manifest = json.dumps({"metadata": {"files": hashes, "test_rmse": 0.4}}).encode()
    for file, content in {**files, "MLmodel": manifest}.items():
        fake.files[f"{name}/{number}/{file}"] = content
    fake.hashes[name, number] = hashlib.sha256(manifest).hexdigest()
    fake.aliases.setdefault(name, {})["champion"] = number


def requests(rows: np.ndarray, answers: np.ndarray, at: float, model: str = MODEL) -> list[Record]:
    """Return the rows as requests of ten, a second apart from `at` on."""
    found = []
    for place in range(0, len(rows), 10):
        part = slice(place, place + 10)
        number = f"{int((at + place) * 1000):032x}"
        given = Prediction(
            *(number, at + place, model, "1", "run1", rows[part], answers[part].tolist()),
            *(0.001, None),
        )
        found += decode(encode(given))
    return found
