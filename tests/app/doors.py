"""Calls a WSGI application as a server does, and says what came back."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple


class Got(NamedTuple):
    """A status line, the headers in lower case, and the body."""

    status: str
    headers: dict[str, str]
    body: bytes


def environ(
    body: bytes,
    content_type: str | None = "application/json",
    query: str = "",
    **more: Any,
) -> dict[str, Any]:
    """Return the WSGI environment of a POST to /predict."""
    found = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/predict",
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "5001",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **more,
    }
    if content_type is not None:
        found["CONTENT_TYPE"] = content_type
    return found


def call(app: Callable[..., Any], request: dict[str, Any]) -> Got:
    """Send a request and read the whole answer."""
    told: list[Any] = []
    parts = app(request, lambda status, headers, *_: told.extend((status, headers)))
    body = b"".join(parts)
    return Got(told[0], {name.lower(): value for name, value in told[1]}, body)
