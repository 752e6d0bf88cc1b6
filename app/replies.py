"""What Flask's views of predictions share: reading the body, and answering."""

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException

from app.prediction import Reply
from app.service import Service


def read_body(service: Service) -> bytes:
    """Return the request's body.

    Raises
    ------
    HTTPException
        It is larger than allowed; it is counted as bad input.
    """
    try:
        return request.get_data(cache=False)
    except ClientDisconnected:
        # It ended before its length: nothing to predict from, as `app.hot_path` has it.
        return b""
    except HTTPException:
        service.metrics.requests.inc()
        service.metrics.bad_input.inc()
        raise


def response(reply: Reply) -> Response:
    """Return a reply as Flask wants it."""
    return Response(reply.body, reply.status, list(reply.headers))
