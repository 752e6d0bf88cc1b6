"""The application on a port of 127.0.0.1, with a history that is a list in memory."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import WSGIRequestHandler, make_server

from app.explain.explainers import Contributions
from app.factory import create_app
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from tests.app.fakes import MODEL, SCHEMA, FakeChampion

PAST = "0123456789abcdef"


class Priced:
    """Prices a house at half its income plus 0.37."""

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return rows[:, 0] * 0.5 + 0.37


class ByIncome:
    """Explains `Priced`: the income drives it."""

    def contributions(self, rows: npt.NDArray[np.float64]) -> Contributions:
        values = np.zeros((len(rows), 2))
        values[:, 0] = rows[:, 0] * 0.5 - 1.7
        return Contributions(("MedInc", "location and neighbourhood"), 2.07, values, "100,000 USD")


def application() -> Flask:
    """Return the application, whose past has one prediction."""
    model = replace(MODEL, predictor=Priced(), explainer=ByIncome())
    app = create_app(Service(Settings(), FakeChampion(model), Metrics()))
    past = Blueprint("past", __name__)
    told: list[dict] = []

    @past.get("/predictions")
    def predictions() -> ResponseReturnValue:
        one = {"id": PAST, "at": time.time(), "model": MODEL.name, "version": "7"}
        one |= {"rows": [list(SCHEMA.example_row)], "predictions": [4.53], "feedback": told}
        return jsonify(predictions=[one], next=None)

    @past.post("/feedback")
    def feedback() -> ResponseReturnValue:
        if request.json["actual"] > 10:
            return jsonify(error="actual: 99 is not plausible"), 400
        told.append({"row": request.json["row"], "actual": request.json["actual"]})
        return jsonify(recorded=True)

    app.register_blueprint(past)
    return app


class Quiet(WSGIRequestHandler):
    """Keeps connections, and writes no line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve for as long as it is needed; yields the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
