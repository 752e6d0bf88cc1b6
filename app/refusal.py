"""Answers a refused caller."""

from flask import Response, jsonify

from app.caller import RefusedError

RETRY_AFTER_S = {429: 900, 503: 5}


def json_refusal(error: RefusedError) -> Response:
    """Return a refusal as JSON, with what its status asks for in the headers."""
    response = jsonify(error=str(error))
    response.status_code = error.status
    response.headers.extend(headers(error.status))
    return response


def headers(status: int) -> dict[str, str]:
    """Return the headers that go with a status."""
    found = {}
    if status == 401:  # noqa: PLR2004 - the one that asks for credentials
        found["WWW-Authenticate"] = "Bearer"
    if status in RETRY_AFTER_S:
        found["Retry-After"] = str(RETRY_AFTER_S[status])
    return found
