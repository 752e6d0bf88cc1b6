"""Makes the Flask application from its parts."""

import logging

from flask import Flask, current_app, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.accounts.blueprint import accounts
from app.caller import RefusedError
from app.explain.routes import explain
from app.history.blueprint import history
from app.hot_path import HotPath
from app.mlflow_routes import mlflow_routes
from app.model_health import ModelHealth
from app.model_routes import model_routes
from app.open_inference_routes import open_inference_routes
from app.openapi.routes import openapi
from app.pages.routes import pages
from app.prediction import INTERNAL
from app.refusal import json_refusal
from app.replies import TOO_LARGE
from app.routes import routes
from app.security_headers import secure
from app.service import KEY, Service, service_of
from app.status.blueprint import status

log = logging.getLogger(__name__)

PROTOCOLS = (routes, mlflow_routes, open_inference_routes)
BLUEPRINTS = (*PROTOCOLS, model_routes, accounts, history, explain, status, openapi, pages)


def create_app(service: Service) -> Flask:
    """Return the application; its models are followed by whoever made them, not by the app."""
    app = Flask("app", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = service.settings.max_body_bytes
    app.extensions[KEY] = service
    service.metrics.add(ModelHealth(service.models))
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.after_request(secure)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RefusedError, json_refusal)
    app.register_error_handler(Exception, _fault)
    app.wsgi_app = HotPath(app.wsgi_app, service)  # type: ignore[method-assign]
    return app


def _http_error(error: HTTPException) -> ResponseReturnValue:
    message = error.description or error.name
    if isinstance(error, RequestEntityTooLarge):
        message = TOO_LARGE
    answer = jsonify(error=message)
    answer.status_code = error.code or 500
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _fault(error: Exception) -> ResponseReturnValue:
    # The trace is for the log; the caller gets no inside view.
    log.error("a request failed", exc_info=error)
    service_of(current_app).metrics.http_faults.inc()
    return jsonify(error=INTERNAL), 500
