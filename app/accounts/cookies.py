"""The cookies: their names, how they are found in a request, how they are set."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from werkzeug.http import parse_cookie

from app.origin import is_https

SESSION, VISITOR = "session", "visitor"
"""Who is logged in; and, before that, what a form's token is bound to."""

SESSION_S = 12 * 3600


def cookie(environ: Mapping[str, Any], kind: str) -> str | None:
    """Return a cookie of ours; behind TLS only the one that no other host can have set."""
    header = environ.get("HTTP_COOKIE")
    if not header:
        return None
    return parse_cookie(str(header)).get(cookie_name(kind, secure=is_https(environ))) or None


def set_cookie(response: Response, environ: Mapping[str, Any], kind: str, value: str) -> None:
    """Give the browser a cookie that scripts cannot read and other sites cannot make it send."""
    secure = is_https(environ)
    response.set_cookie(
        cookie_name(kind, secure=secure),
        value,
        max_age=SESSION_S,
        secure=secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def remove_cookie(response: Response, environ: Mapping[str, Any], kind: str) -> None:
    """Make the browser forget a cookie."""
    secure = is_https(environ)
    response.delete_cookie(
        cookie_name(kind, secure=secure), secure=secure, httponly=True, samesite="Lax", path="/"
    )


def cookie_name(kind: str, *, secure: bool) -> str:
    """Return a cookie's name; behind TLS one that browsers take from no other host."""
    return f"__Host-{kind}" if secure else kind
