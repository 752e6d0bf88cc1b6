"""The floor: what Flask, and WSGI alone, cost on the same server with nothing behind them."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

ANSWER = b'{"predictions":[1.0]}\n'

flask = Flask(__name__, static_folder=None)


@flask.post("/predict")
def predict() -> ResponseReturnValue:
    """Read the body, answer always the same."""
    request.get_data(cache=False)
    return jsonify(predictions=[1.0])


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the body, answer always the same."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))]
    start_response("200 OK", headers)
    return [ANSWER]
