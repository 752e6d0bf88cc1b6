"""GET /status/data: how the service is, the same for all who ask within some seconds."""

import threading
import time

from flask import Response, current_app, jsonify, request

from app.service import service_of
from app.status.blueprint import KEPT
from app.status.collect import collect

LIFE_S = 10.0
"""A worker's only thread is held once in this time, however many readers the page has."""

_lock = threading.Lock()


def data() -> Response:
    """Answer all that the page shows; what cannot be had is named, and the rest is there."""
    service = service_of(current_app)
    service.gate.caller(request.environ, "predict")
    kept = current_app.extensions[KEPT]
    with _lock:
        if time.monotonic() >= kept.get("until", 0.0):
            kept["told"] = collect(service, time.time())
            kept["until"] = time.monotonic() + LIFE_S
        return jsonify(kept["told"])
