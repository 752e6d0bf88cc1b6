"""Answers a prediction request: the one path from the bytes of a body to those of the answer.

Flask's views and the lane in front of Flask (`app.hot_path`) both come here, so that who may ask,
what is valid, what is recorded and what is counted cannot differ between them.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from app.caller import RefusedError
from app.journal import Prediction
from app.metrics import OTHER
from app.model import ServedModel
from app.parsing.faults import BadInputError, show
from app.parsing.tables import Table
from app.parsing.values import values
from app.refusal import headers
from app.request import read
from app.schema import Floats
from app.service import Models, Service

log = logging.getLogger(__name__)

INTERNAL = "an internal error; it has been logged"
NO_MODEL = (
    "No model is served yet: {problem}. Train one with `python -m training.train`; "
    "it is picked up by itself."
)
# The lane in front of Flask passes by `app.security_headers`, which adds the second to all else.
OK_HEADERS = (("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff"))
Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """A body, what kind it says it is, the model that is named, and the rest of the request.

    The body is read by a call, which waits for its sender: only who is admitted may do that.
    """

    body: Callable[[], bytes]
    content_type: str
    environ: Mapping[str, Any]
    model: str | None = None
    version: str | None = None


class Reply(NamedTuple):
    """What goes back: a status, headers beside Content-Length, and the body."""

    status: int
    headers: Headers
    body: bytes


class Answered(NamedTuple):
    """Predictions, what made them, and the id under which they are recorded, if they are."""

    model: ServedModel
    predictions: list[float]
    prediction_id: str | None

    @property
    def origin(self) -> dict[str, Any]:
        """Where the predictions come from."""
        model = self.model
        return {
            "unit": model.schema.target_unit,
            "model": model.name,
            "version": model.version,
            "run_id": model.run_id,
            "prediction_id": self.prediction_id,
        }


class NotServedError(Exception):
    """No model answers: none of that name (404), none yet (503), or none takes such a body.

    `said` is the message, and with a refused body also where, and one that works. `violated` is
    the model's column that holds or lacks what it must not, or `OTHER` when it has no such column.
    """

    def __init__(
        self, status: int, message: str, violated: str | None = None, **beside: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.violated = violated
        self.said: dict[str, Any] = {"error": message, **beside}


@dataclass(frozen=True)
class Dialect:
    """How one protocol words requests and answers.

    `read` returns a body's rows, and what of the request `answer` must repeat.
    """

    read: Callable[[Request, str], tuple[Table, Any]]
    answer: Callable[[Answered, Any], dict[str, Any]]
    refusal: Callable[[int, dict[str, Any]], dict[str, Any]]
    example: Callable[[ServedModel], Any]


OURS = Dialect(
    read=lambda request, mimetype: (read(request.body(), mimetype), None),
    answer=lambda answered, _repeated: {"predictions": answered.predictions, **answered.origin},
    refusal=lambda _status, said: said,
    example=lambda model: model.schema.example,
)
"""The dialect of /predict."""


def answer(
    body: Callable[[], bytes],
    content_type: str,
    query: str,
    environ: Mapping[str, Any],
    service: Service,
) -> Reply:
    """Answer POST /predict; whatever happens, there is an answer."""
    request = Request(body, content_type, environ, named_in(query) if query else None)
    return answer_in(OURS, request, service)


def answer_in(dialect: Dialect, request: Request, service: Service) -> Reply:
    """Answer a request of any protocol; whatever happens, there is an answer."""
    started = time.perf_counter()
    metrics = service.metrics
    metrics.requests.inc()
    try:
        user_id = service.gate.caller(request.environ, "predict").user_id
        reply = _reply(dialect, request, service, user_id, started)
    except RefusedError as error:
        away = error.status == HTTPStatus.SERVICE_UNAVAILABLE
        (metrics.unavailable if away else metrics.unauthorized).inc()
        reply = _say(dialect, error.status, {"error": str(error)}, refusal_headers(error.status))
    except NotServedError as error:
        yet = error.status == HTTPStatus.SERVICE_UNAVAILABLE
        (metrics.no_model if yet else metrics.bad_input).inc()
        if error.violated is not None:
            metrics.violations.labels(error.violated).inc()
        reply = _say(dialect, error.status, error.said, refusal_headers(error.status))
    # The trace is for the log; the caller gets no inside view.
    except Exception:
        metrics.internal.inc()
        log.exception("a request failed")
        reply = _say(dialect, 500, {"error": INTERNAL})
    metrics.latency.observe(time.perf_counter() - started)
    return reply


def refusal_headers(status: int) -> Headers:
    """Return the headers of an answer to a caller that is refused."""
    return (*OK_HEADERS, *headers(status).items())


def named_in(query: str) -> str | None:
    """Return the model that `?model=` names."""
    return parse_qs(query, keep_blank_values=True).get("model", [None])[-1]


def served(models: Models, name: str, version: str | None = None) -> ServedModel:
    """Return the served model of a name.

    Raises
    ------
    NotServedError
        There is none, or another version of it is served.
    """
    model = models.named(name)
    if model is None:
        if not models.names:
            raise NotServedError(503, _none_yet(models))
        known = ", ".join(sorted(models.names))
        message = f"no model {show(name)} is served; served are {known}"
        raise NotServedError(404, message)
    if version is not None and version != model.version:
        message = f"version {show(version)} of {name} is not served; version {model.version} is"
        raise NotServedError(404, message)
    return model


def _reply(
    dialect: Dialect, request: Request, service: Service, user_id: int | None, started: float
) -> Reply:
    model, rows, repeated = understood(dialect, request, service.models, service.settings.max_rows)
    answered = _answered(model, rows, service, user_id, started)
    return Reply(200, OK_HEADERS, orjson.dumps(dialect.answer(answered, repeated)))


def understood(
    dialect: Dialect, request: Request, models: Models, max_rows: int
) -> tuple[ServedModel, Floats, Any]:
    """Return the model that is asked, its rows, and what the answer must repeat.

    Raises
    ------
    NotServedError
        There is no such model, or the body is refused.
    """
    model = None if request.model is None else served(models, request.model, request.version)
    try:
        table, repeated = dialect.read(request, _mimetype(request))
        if model is None:
            model = _by_columns(models, table)
        return model, values(table, model.schema, max_rows), repeated
    except BadInputError as error:
        asked = model or models.default
        beside = _beside(dialect, error, asked)
        violated = _violated(error, asked)
        raise NotServedError(error.status, str(error), violated, **beside) from error


def _mimetype(request: Request) -> str:
    """Return the kind of the body; raises BadInputError with status 415 when it is compressed."""
    if encoding := request.environ.get("HTTP_CONTENT_ENCODING"):
        message = f"Content-Encoding {encoding[:60]} is not taken: send the body as it is"
        raise BadInputError(message, status=415)
    sent = request.content_type
    return sent if sent == "application/json" else sent.partition(";")[0].strip().lower()


def _by_columns(models: Models, table: Table) -> ServedModel:
    """Return the model whose columns the body has, else the one that answers by default."""
    names = table.names
    model = (models.with_columns(names) if names else None) or models.default
    if model is None:
        raise NotServedError(503, _none_yet(models))
    return model


def _none_yet(models: Models) -> str:
    return NO_MODEL.format(problem=models.problem)


def _answered(
    model: ServedModel, rows: Floats, service: Service, user_id: int | None, started: float
) -> Answered:
    predictions = model.predict(rows)
    identity = os.urandom(16).hex()
    recorded = service.journal.record(
        Prediction(
            id=identity,
            at=time.time(),
            model=model.name,
            version=model.version,
            run_id=model.run_id,
            rows=rows,
            predictions=predictions,
            latency_s=time.perf_counter() - started,
            user_id=user_id,
        )
    )
    service.metrics.predicted(model, rows, predictions)
    return Answered(model, predictions, identity if recorded else None)


def _beside(dialect: Dialect, error: BadInputError, model: ServedModel | None) -> dict[str, Any]:
    where = {"row": error.row, "column": error.column, "value": error.value}
    found = {name: value for name, value in where.items() if value is not None}
    if model is not None:
        found["example"] = dialect.example(model)
    return found


def _violated(error: BadInputError, model: ServedModel | None) -> str | None:
    # A label is never the caller's own text: each would be a series for ever.
    known = model is not None and error.column in model.schema.names
    return error.column if known or error.column is None else OTHER


def _say(
    dialect: Dialect, status: int, said: dict[str, Any], headers: Headers = OK_HEADERS
) -> Reply:
    # Not orjson: what is quoted from a body may be half a character.
    return Reply(status, headers, json.dumps(dialect.refusal(status, said)).encode())
