"""A service for the edge's fault tests: tells which worker answered, after as long as is asked."""

import os
import time
from urllib.parse import parse_qs


def app(environ, start_response):
    """Answer with the worker's id and what of the body arrived, `seconds` later."""
    asked = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    if "unread" in asked:
        start_response("401 UNAUTHORIZED", [("Content-Length", "6")])
        return [b"unread"]
    body = environ["wsgi.input"].read()
    time.sleep(float(asked.get("seconds", ["0.002"])[0]))
    answer = f"{os.getpid()} {len(body)} {sum(body)}".encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
