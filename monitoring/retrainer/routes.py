"""The retrainer's HTTP routes: parse, call, answer."""

import json
import logging
import time
from dataclasses import asdict, dataclass
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, generate_latest
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from app.caller import RefusedError
from app.database import retrainings
from app.database.connection import Database
from app.database.retrainings import Retraining
from app.instants import iso
from app.origin import is_cross_site
from app.refusal import json_refusal
from app.security_headers import secure
from monitoring.retrainer import webhook
from monitoring.retrainer.asks import OtherRecipeError, by_alert, by_operator
from monitoring.retrainer.runner import Runner
from monitoring.retrainer.webhook import BadBodyError

log = logging.getLogger(__name__)
routes = Blueprint("retrainer", __name__)

KEY = "retrainer"
MOST_BYTES = 1_000_000
SHOWN = 50
TIMES = ("at", "alert_at", "collected_at", "served_at", "ended_at")


@dataclass(frozen=True)
class Parts:
    """What the routes work with."""

    database: Database
    runner: Runner
    figures: CollectorRegistry


def create_app(parts: Parts) -> Flask:
    """Return the application; what works in the background is started by whoever made it."""
    app = Flask("retrainer", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.extensions[KEY] = parts
    app.register_blueprint(routes)
    app.after_request(secure)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RefusedError, json_refusal)
    app.register_error_handler(BadBodyError, lambda error: (jsonify(error=str(error)), 400))
    app.register_error_handler(OtherRecipeError, lambda error: (jsonify(error=str(error)), 409))
    app.register_error_handler(Exception, _fault)
    return app


@routes.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Tell that the process answers; asks nothing of anybody else."""
    return jsonify(status="alive")


@routes.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Return the figures in Prometheus's text format."""
    text = generate_latest(_parts().figures)
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


@routes.get("/retrainings")
def history() -> ResponseReturnValue:
    """Return the last retrainings, the newest first."""
    with _parts().database.reading() as connection:
        found = retrainings.newest(connection, SHOWN)
    return jsonify(retrainings=[_told(each) for each in found])


@routes.post("/retrainings")
def ask() -> ResponseReturnValue:
    """Queue a retraining that a person asks for."""
    wish, parts = webhook.of_operator(_body()), _parts()
    with parts.database.writing() as connection:
        queued = by_operator(connection, wish, time.time())
    parts.runner.look()
    return jsonify(_told(queued)), 202


@routes.post("/alerts")
def alerts() -> ResponseReturnValue:
    """Queue what Alertmanager's firing alerts ask for, but for what is known already."""
    wishes, parts = webhook.of_alerts(_body()), _parts()
    with parts.database.writing() as connection:
        asked = [by_alert(connection, wish, time.time()) for wish in wishes]
    parts.runner.look()
    return jsonify(retrainings=[_told(each) for each in asked if each is not None]), 202


def _body() -> object:
    # A page of another site can make a browser send forms, with the operator's login.
    if is_cross_site(request.environ):
        raise RefusedError(403, "this request comes from another site")
    if request.mimetype != "application/json":
        message = f"Content-Type: {request.mimetype or 'nothing'}: must be application/json"
        raise UnsupportedMediaType(message)
    try:
        return json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as error:
        message = f"the body is no JSON: {str(error)[:200]}"
        raise BadBodyError(message) from error


def _told(found: Retraining) -> dict[str, Any]:
    told = asdict(found)
    return told | {name: told[name] and iso(told[name]) for name in TIMES}


def _parts() -> Parts:
    return cast("Parts", current_app.extensions[KEY])


def _http_error(error: HTTPException) -> ResponseReturnValue:
    message = error.description or error.name
    if isinstance(error, RequestEntityTooLarge):
        message = f"the body is too large: at most {MOST_BYTES:,} bytes are read"
    return jsonify(error=message), error.code or 500


def _fault(error: Exception) -> ResponseReturnValue:
    # The trace is for the log; the caller gets no inside view.
    log.error("a request failed", exc_info=error)
    return jsonify(error="this failed inside: the retrainer's log says why"), 500
