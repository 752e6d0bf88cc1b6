"""Answers POST /predict in front of Flask: its dispatch costs more than the prediction.

A request that is in any way unusual is handed on to Flask, whose view for /predict calls the same
`app.prediction.answer`. There is nothing here but reading a body of known length.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from app.prediction import answer
from app.service import Service

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

MOST_DIGITS = 15
# As Werkzeug writes them.
STATUS_LINES = {int(status): f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}


class HotPath:
    """WSGI middleware: `flask.wsgi_app = HotPath(flask.wsgi_app, service)`."""

    def __init__(self, flask: Wsgi, service: Service) -> None:
        self.flask = flask
        self._service = service
        self._most_bytes = service.settings.max_body_bytes

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer /predict, or let Flask answer."""
        if environ["PATH_INFO"] != "/predict" or environ["REQUEST_METHOD"] != "POST":
            return self.flask(environ, start_response)
        told = environ.get("CONTENT_LENGTH") or ""
        # Without a length the body comes in pieces; with too great a one it is refused unread.
        if not (told.isdecimal() and len(told) <= MOST_DIGITS and int(told) <= self._most_bytes):
            return self.flask(environ, start_response)

        def body() -> bytes:
            sent: bytes = environ["wsgi.input"].read(int(told))
            # The caller went away, or sent less than it said: nothing to predict from.
            return sent if len(sent) == int(told) else b""

        kind, query = environ.get("CONTENT_TYPE", ""), environ.get("QUERY_STRING", "")
        status, headers, text = answer(body, kind, query, environ, self._service)
        length_of_text = ("Content-Length", str(len(text)))
        start_response(STATUS_LINES[status], [*headers, length_of_text])
        return [text]
