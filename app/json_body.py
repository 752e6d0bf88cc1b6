"""Reads a small JSON body; what is none is None, however it was spoiled."""

import json

from flask import Request


def json_body(request: Request) -> object:
    """Return the parsed body; None when it is no JSON."""
    try:
        return json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        return None
