"""The HTTP routes: parse, call, answer."""

import time
import uuid
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.metrics import Metrics
from app.model import ServedModel
from app.request import BadInputError, parse
from app.service import Service, service_of

routes = Blueprint("routes", __name__)

NO_MODEL = (
    "No model is served yet: {problem}. Train one with `python -m training.train`; "
    "it is picked up by itself."
)


@routes.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Tell that the process answers; asks nothing of anybody else."""
    return jsonify(status="alive")


@routes.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Tell which model is served, or with status 503 what to do."""
    service = _service()
    model, problem = service.models.default, service.models.problem
    answer: dict[str, Any] = {"status": "ready" if model else "waiting"}
    if service.settings.bundle_hash is not None:
        answer["bundle"] = service.settings.bundle_hash
    answer |= _identity(model) if model else {"model": None, "version": None, "run_id": None}
    if model is None:
        answer["error"] = NO_MODEL.format(problem=problem)
        return jsonify(answer), 503
    if problem is not None:
        answer |= {"stale": True, "problem": problem}
    return jsonify(answer)


@routes.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Return the figures in Prometheus's text format."""
    text = _service().metrics.text()
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


@routes.post("/predict")
def predict() -> ResponseReturnValue:
    """Answer one prediction a row, with what it came from."""
    service = _service()
    started = time.perf_counter()
    service.metrics.requests.inc()
    try:
        return _predict(service)
    except HTTPException:
        service.metrics.bad_input.inc()
        raise
    except Exception:
        service.metrics.internal.inc()
        raise
    finally:
        service.metrics.latency.observe(time.perf_counter() - started)


def _predict(service: Service) -> ResponseReturnValue:
    body = request.get_data(cache=False)
    model = service.models.default
    if model is None:
        service.metrics.no_model.inc()
        problem = NO_MODEL.format(problem=service.models.problem)
        return jsonify(error=problem), 503, {"Retry-After": "5"}
    if not request.is_json or request.content_encoding:
        return _refused(_wrong_type(), 415, model, service.metrics)
    try:
        rows = parse(body, model.schema, service.settings.max_rows)
    except BadInputError as error:
        return _refused(error, 400, model, service.metrics)
    predictions = model.predict(rows)
    service.metrics.rows.inc(len(predictions))
    return jsonify(
        predictions=predictions,
        unit=model.schema.target_unit,
        **_identity(model),
        prediction_id=uuid.uuid4().hex,
    )


def _wrong_type() -> BadInputError:
    if request.content_encoding:
        message = f"Content-Encoding {request.content_encoding[:60]} is not taken: send plain JSON"
        return BadInputError(message)
    sent = request.mimetype[:60] or "missing"
    return BadInputError(f"the Content-Type is {sent}: send JSON as application/json")


def _refused(
    error: BadInputError, status: int, model: ServedModel, metrics: Metrics
) -> ResponseReturnValue:
    metrics.bad_input.inc()
    where = {"row": error.row, "column": error.column, "value": error.value}
    found = {name: value for name, value in where.items() if value is not None}
    return jsonify(error=str(error), **found, example=model.schema.example), status


def _identity(model: ServedModel) -> dict[str, str]:
    return {"model": model.name, "version": model.version, "run_id": model.run_id}


def _service() -> Service:
    return service_of(current_app)
