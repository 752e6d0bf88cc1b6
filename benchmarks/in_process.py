"""Prints what one request costs without a server: CPU microseconds of a WSGI call, part by part.

`python -m benchmarks.in_process`. The figures are this thread's CPU time, medians of many short
rounds, so that other work on the machine touches them as little as it can.
"""

import io
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import orjson
from flask import Flask

from app.factory import create_app
from app.hot_path import HotPath
from app.journal import Prediction
from app.metrics import Metrics
from app.model import ServedModel, load
from app.parsing.values import values
from app.prediction import OURS, Answered
from app.registry import ModelVersion
from app.request import read_json
from app.service import Service
from app.settings import Settings
from training.generate import generate
from training.models import store
from training.models.recipes import RECIPES
from training.schema import HOUSING
from training.trained import fit, split

MODELS = ("xgboost", "xgboost-geo")
TREES = {"most_trees": 300, "patience_trees": None, "max_depth": 6}
ROWS = (1, 1_000)
ROUND_S = 0.004
ROUNDS = 60
LOADING_S = 30.0

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Figures = dict[str, float]


class One:
    """The one model that is served."""

    problem: str | None = None

    def __init__(self, model: ServedModel) -> None:
        self.default: ServedModel | None = model
        self.names = (model.name,)

    def named(self, name: str) -> ServedModel | None:
        """Return it if this is its name."""
        return self.default if name in self.names else None

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        """Return it: no body of this benchmark names other columns."""
        return self.default if names else None


class Memory:
    """Keeps predictions as long as they are measured: what recording costs beside the disk."""

    def __init__(self) -> None:
        self._last: Prediction | None = None

    def record(self, prediction: Prediction) -> bool:
        """Keep the last."""
        self._last = prediction
        return True


def bare_wsgi(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer the least that a server can."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


def bare_flask() -> Flask:
    """Return Flask with one view that looks at nothing."""
    app = Flask("bare")
    app.post("/predict")(dict)
    return app


def environ(body: bytes) -> dict[str, Any]:
    """Return the WSGI environment of a POST to /predict, as a server makes it."""
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/predict",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5001",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:5001",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def request_to(app: Wsgi, body: bytes) -> Callable[[], None]:
    """Return what sends the body once and reads the answer."""

    def send() -> None:
        b"".join(app(environ(body), lambda *_: None))

    return send


def costs_us(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> Figures:
    """Return the CPU microseconds of each call, measured in turns."""
    numbers = {name: _calls_a_round(call) for name, call in calls.items()}
    seen: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            for _ in range(3):
                call()  # What ran before has emptied the caches.
            start = time.thread_time()
            for _ in range(numbers[name]):
                call()
            seen[name].append((time.thread_time() - start) / numbers[name] * 1e6)
    return {name: round(statistics.median(found), 1) for name, found in seen.items()}


def _calls_a_round(call: Callable[[], object]) -> int:
    for _ in range(5):
        call()
    start = time.thread_time()
    call()
    return max(1, int(ROUND_S / max(time.thread_time() - start, 1e-6)))


def served(folder: Path, name: str) -> ServedModel:
    """Train a model in a subfolder and load it as the API does."""
    recipe = RECIPES[name]
    parts = split(generate())
    model = fit(recipe, {**recipe.profiles["default"], **TREES}, parts, 0).model
    (folder / name).mkdir()
    store.save(model, HOUSING, parts.test.rows[:5], folder / name)
    version = ModelVersion(HOUSING.name, "1", "run", name)
    return load(lambda file: (folder / name / file).read_bytes(), version)


def body_of(model: ServedModel, rows: int) -> bytes:
    """Return a body of so many rows."""
    return json.dumps({"features": [model.schema.example_row] * rows}).encode()


def service_of(model: ServedModel) -> Service:
    """Return a service with everything on."""
    return Service(Settings(), One(model), Metrics(), journal=Memory())


def doors(model: ServedModel, rows: int) -> Figures:
    """Return what a request costs at each door."""
    body = body_of(model, rows)
    service = service_of(model)
    lane = create_app(service).wsgi_app
    without = create_app(Service(Settings(), One(model), Metrics())).wsgi_app
    if not isinstance(lane, HotPath):
        message = "the service has no hot path to measure"
        raise TypeError(message)
    return costs_us(
        {
            "bare WSGI": request_to(bare_wsgi, body),
            "bare Flask": request_to(bare_flask().wsgi_app, body),
            "hot path": request_to(lane, body),
            "hot path, nothing recorded": request_to(without, body),
            "through Flask": request_to(lane.flask, body),
        }
    )


def parts(model: ServedModel, rows: int) -> Figures:
    """Return what each part of a request costs by itself."""
    body, service = body_of(model, rows), service_of(model)
    table = read_json(body)
    found = values(table, model.schema, rows)
    predictions = model.predict(found)
    answered = Answered(model, predictions, "0" * 32)
    return costs_us(
        {
            "read": lambda: read_json(body),
            "validate": lambda: values(table, model.schema, rows),
            "model": lambda: model.predict(found),
            "metrics": lambda: (
                service.metrics.requests.inc(),
                service.metrics.predicted(model, found, predictions),
                service.metrics.latency.observe(0.001),
            ),
            "write": lambda: orjson.dumps(OURS.answer(answered, None)),
        }
    )


def wait_for_xgboost(model: ServedModel) -> None:
    """Return when XGBoost, which the first large request asks for, is there."""
    model.predict(values(read_json(body_of(model, ROWS[-1])), model.schema, ROWS[-1]))
    for thread in threading.enumerate():
        if thread.name == "load-xgboost":
            thread.join(LOADING_S)


def run(folder: Path) -> dict[str, Figures]:
    """Measure both models with one row and with many.

    Returns
    -------
    dict
        By model, rows and view: CPU microseconds by name.
    """
    found: dict[str, Figures] = {}
    for name in MODELS:
        model = served(folder, name)
        wait_for_xgboost(model)
        for rows in ROWS:
            found[f"{name}, {rows:,} rows, a request"] = doors(model, rows)
            found[f"{name}, {rows:,} rows, its parts"] = parts(model, rows)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = home
        for title, figures in run(Path(home)).items():
            print(title)
            for part, cost in figures.items():
                print(f"  {part:<28}{cost:>10,.1f} us")
