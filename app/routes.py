"""The HTTP routes: parse, call, answer."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.example import EXAMPLE_BODY
from app.prediction import NO_MODEL, answer
from app.replies import read_body, response
from app.service import Service, service_of

routes = Blueprint("routes", __name__)

PURPOSES = {
    "POST /predict": "one prediction for each row; ?model= names the model",
    "POST /invocations": "the same as MLflow's scoring server answers it",
    "GET /ping": "MLflow's: is a model being served",
    "GET /health": "MLflow's: is a model being served",
    "GET /version": "MLflow's: the version of its protocol that is spoken",
    "GET /v2": "Open Inference Protocol: what this server is",
    "GET /v2/health/live": "is the process alive",
    "GET /v2/health/ready": "is a model being served",
    "GET /v2/models/<name>": "a model's inputs and outputs",
    "GET /v2/models/<name>/ready": "is this model being served",
    "POST /v2/models/<name>/infer": "the predictions as tensors",
    "GET /v2/models/<name>/versions/<version>": "the same of one version",
    "GET /v2/models/<name>/versions/<version>/ready": "the same of one version",
    "POST /v2/models/<name>/versions/<version>/infer": "the same of one version",
    "GET /models": "which models are served, and what they take",
    "POST /models/<name>/previous": "go back to the champion before this one",
    "POST /models/hook": "called by MLflow when an alias moves",
    "GET /healthz": "is the process alive",
    "GET /readyz": "is a model being served, and which",
    "GET /metrics": "figures for Prometheus",
    "GET /predictions": "your past predictions",
    "GET /predictions/<prediction_id>": "one of them, with all rows",
    "POST /feedback": "tell the true value of a prediction",
    "GET /register": "register, and get a session",
    "GET /login": "log in",
    "POST /logout": "end the session",
    "GET /account": "who you are, and your API keys",
    "POST /keys": "make an API key",
    "DELETE /keys/<int:key_id>": "revoke one",
    "POST /keys/<int:key_id>/revoke": "the same, from a page",
    "POST /invitations": "invite somebody to register",
}


@routes.get("/")
def index() -> ResponseReturnValue:
    """List the routes, with a request that works."""
    return jsonify(service="xgboost-api", routes=PURPOSES, example=EXAMPLE_BODY)


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
    return response(
        answer(read_body(service), request.content_type or "", query, request.environ, service)
    )


def _service() -> Service:
    return service_of(current_app)
