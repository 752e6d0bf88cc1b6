"""The application on a port of 127.0.0.1, with accounts and history in SQLite."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app.database.migrate import migrate
from app.explain.explainers import Contributions
from tests.app.fakes import MODEL, FakeChampion
from tests.app.site import Site


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


@contextlib.contextmanager
def site(folder: Path, **settings: Any) -> Iterator[Site]:
    """Make a service that anybody may use, with accounts and history in a database of its own."""
    url = f"sqlite:///{folder}/service.db"
    migrate(url)
    champion = FakeChampion(replace(MODEL, predictor=Priced(), explainer=ByIncome()))
    made = Site(url, folder, **{"auth": "open", "champion": champion, **settings})
    try:
        yield made
    finally:
        made.journal.close()
        made.database.close()


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
