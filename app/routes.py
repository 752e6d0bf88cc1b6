"""The HTTP routes: parse, call, answer."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.prediction import NO_MODEL, answer
from app.replies import read_body, response
from app.service import Service, service_of

routes = Blueprint("routes", __name__)


@routes.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Tell that the process answers; asks nothing of anybody else."""
    return jsonify(status="alive")


@routes.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Tell which model is served, or with status 503 what to do."""
    service = _service()
    model, problem = service.models.default, service.models.problem
    told: dict[str, Any] = {"status": "ready" if model else "waiting"}
    if service.settings.bundle_hash is not None:
        told["bundle"] = service.settings.bundle_hash
    for field in ("name", "version", "run_id"):
        told["model" if field == "name" else field] = getattr(model, field, None)
    if model is None:
        told["error"] = NO_MODEL.format(problem=problem)
        return jsonify(told), 503
    if problem is not None:
        told |= {"stale": True, "problem": problem}
    return jsonify(told)


@routes.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Return the figures in Prometheus's text format."""
    text = _service().metrics.text()
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


@routes.post("/predict")
def predict() -> ResponseReturnValue:
    """Answer one prediction a row, with what it came from."""
    service = _service()
    query = request.query_string.decode("latin-1")
    return response(answer(read_body, request.content_type or "", query, request.environ, service))


def _service() -> Service:
    return service_of(current_app)
