"""What Flask's views of predictions share: reading the body, and answering."""

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.parsing.faults import BadInputError
from app.prediction import Reply

TOO_LARGE = "the body is too large: send fewer rows in each request"


def read_body() -> bytes:
    """Return the request's body; raises BadInputError with status 413 when it is too large."""
    try:
        return request.get_data(cache=False)
    except ClientDisconnected:
        # It ended before its length: nothing to predict from, as `app.hot_path` has it.
        return b""
    except RequestEntityTooLarge as error:
        raise BadInputError(TOO_LARGE, status=413) from error


def response(reply: Reply) -> Response:
    """Return a reply as Flask wants it."""
    return Response(reply.body, reply.status, list(reply.headers))
