"""A caller and an operator of the stack, who come through its edge."""

import base64
import contextlib
import http.client
import json
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from benchmarks.drill.scenarios import Batch
from benchmarks.drill.timeline import Timeline
from infra.probe import Trust
from training.data import Floats

ANSWER_S = 30
PAUSE_S = 0.2
"""Between two requests of the client that never rests."""


@dataclass(frozen=True)
class Answer:
    """What the API said to a batch."""

    version: str
    predictions: Floats


class Predicts(Protocol):
    """Answers requests for predictions."""

    def predict(self, rows: Floats) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer to one request with all the rows."""


class Edge:
    """The stack's edge, spoken to over TLS with its own authority.

    Parameters
    ----------
    url
        `https://host:port`.
    key, password
        The API's key, and the operator's password.
    """

    def __init__(self, url: str, authority: str, key: str, password: str) -> None:
        self._url = url
        self._context = Trust(authority=authority).context()
        self._key = {"Authorization": f"Bearer {key}"}
        login = base64.b64encode(f"operator:{password}".encode()).decode()
        self._login = {"Authorization": f"Basic {login}"}

    def predict(self, rows: Floats) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer to one request with all the rows."""
        return self._send("/predict", {"features": rows.tolist()}, self._key)

    def send(self, batch: Batch) -> Answer:
        """Predict a batch, and tell its true values right after.

        Raises
        ------
        RuntimeError
            One of them was not taken.
        """
        status, answer = self.predict(batch.rows)
        if status != http.HTTPStatus.OK:
            message = f"a batch was answered {status}: {answer}"
            raise RuntimeError(message)
        told = [
            {"prediction_id": answer["prediction_id"], "row": row, "actual": actual}
            for row, actual in enumerate(batch.actual.tolist())
        ]
        status, said = self._send("/feedback", {"feedback": told}, self._key)
        if status not in {http.HTTPStatus.OK, http.HTTPStatus.CREATED}:
            message = f"the feedback of a batch was answered {status}: {said}"
            raise RuntimeError(message)
        return Answer(answer["version"], np.array(answer["predictions"]))

    def retrain(self, model: str, **wish: str) -> tuple[int, dict[str, Any]]:
        """Ask for a retraining, as the operator; the wish may name a `recipe`."""
        return self._send("/retrainer/retrainings", {"model": model, **wish}, self._login)

    def prometheus(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        """Ask Prometheus, as the operator; raises OSError."""
        asked = f"{self._url}/prometheus/api/v1/{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(asked, headers=self._login)
        with urllib.request.urlopen(request, timeout=ANSWER_S, context=self._context) as answer:
            return json.load(answer)["data"]

    def _send(self, path: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            self._url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S, context=self._context) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            with contextlib.suppress(ValueError):
                return error.code, json.loads(text)
            return error.code, {"error": text}


class Restless:
    """A client that asks for one house's price all the time, whatever happens behind the edge.

    Attributes
    ----------
    rows
        What it asks for, in turn: of the batch that was sent last, so that it changes no share.
    failures
        What came instead of an answer.
    versions
        That answered, in the order of their first answers.
    """

    def __init__(
        self, edge: Predicts, timeline: Timeline, rows: Floats, pause_s: float = PAUSE_S
    ) -> None:
        self.rows, self.sent, self._pause_s = rows, 0, pause_s
        self.failures: list[str] = []
        self.versions: list[str] = []
        self._edge, self._timeline = edge, timeline
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="restless-client")

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, once the last request was answered."""
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._ended.wait(self._pause_s):
            rows = self.rows
            self.sent += 1
            try:
                status, answer = self._edge.predict(rows[[self.sent % len(rows)]])
            except (OSError, ssl.SSLError, http.client.HTTPException) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                continue
            if status != http.HTTPStatus.OK:
                self.failures.append(f"{status}: {answer}")
            elif answer["version"] not in self.versions[-1:]:
                self.versions.append(answer["version"])
                self._timeline.mark(
                    f"served {answer['version']}", f"version {answer['version']} answers"
                )
