"""Serves the browser Chart.js from the installed package, for as long as it has that version."""

import gzip
from functools import cache
from importlib import metadata, resources

from flask import Response, request

YEAR_S = 365 * 86_400


def library() -> Response:
    """Answer with the script; its address names the version, so it is never asked for again."""
    packed = request.accept_encodings.quality("gzip") > 0
    response = Response(_packed() if packed else _script(), mimetype="text/javascript")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def version() -> str:
    """Return what the script's address names."""
    return metadata.version("chartkick")


def _script() -> bytes:
    folder = resources.files("chartkick") / "django" / "static" / "chartkick"
    return (folder / "Chart.bundle.js").read_bytes()


@cache
def _packed() -> bytes:
    # A megabyte, of which most is space and comments.
    return gzip.compress(_script(), mtime=0)
