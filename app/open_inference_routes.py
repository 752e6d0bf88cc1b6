"""The routes of the Open Inference Protocol, version 2, so that its clients work unchanged.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.model import ServedModel
from app.parsing import open_inference
from app.parsing.faults import BadInputError, shortened
from app.parsing.open_inference import OUTPUT
from app.parsing.tables import Table
from app.prediction import Answered, Dialect, NotServedError, Request, answer_in, served
from app.replies import read_body, response
from app.request import require_json
from app.service import Service, service_of

open_inference_routes = Blueprint("open_inference", __name__, url_prefix="/v2")

NAME, VERSION = "xgboost-api", "2"
PLATFORM = "pulumi-mlops"
JSON_LENGTH = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH"
BINARY = "application/octet-stream"


def _read(asked: Request, mimetype: str) -> tuple[Table, str | None]:
    body, told = asked.body(), asked.environ.get(JSON_LENGTH)
    if told is None:
        # Clients of this protocol often say nothing of the kind, or that it is bytes.
        if mimetype not in {"", BINARY}:
            require_json(mimetype)
        length = None
    elif told.isdecimal() and int(told[:15]) <= len(body):
        length = int(told)
    else:
        message = f"Inference-Header-Content-Length: {shortened(told)} bytes are not in the body"
        raise BadInputError(message)
    found = open_inference.read(body, length)
    return found.table, found.id


def _datatype(model: ServedModel) -> str:
    return "INT64" if model.schema.classes else "FP64"


def _answer(answered: Answered, identity: str | None) -> dict[str, Any]:
    model, predictions = answered.model, answered.predictions
    beside = {name: value for name, value in answered.origin.items() if value is not None}
    output = {
        "name": OUTPUT,
        "shape": [len(predictions), 1],
        "datatype": _datatype(model),
        "data": predictions,
    }
    found = {"model_name": model.name, "model_version": model.version, "parameters": beside}
    return {**found, **({} if identity is None else {"id": identity}), "outputs": [output]}


def _example(model: ServedModel) -> dict[str, Any]:
    row = model.schema.example_row
    tensor = {"name": "input", "shape": [1, len(row)], "datatype": "FP64", "data": row}
    return {"inputs": [tensor]}


OPEN_INFERENCE = Dialect(
    read=_read, answer=_answer, refusal=lambda _status, said: said, example=_example
)


@open_inference_routes.get("")
def server() -> ResponseReturnValue:
    """Tell what this server is."""
    return jsonify(name=NAME, version=VERSION, extensions=["binary_tensor_data"])


@open_inference_routes.get("/health/live")
def live() -> ResponseReturnValue:
    """Tell that the process answers."""
    return jsonify(live=True)


@open_inference_routes.get("/health/ready")
def ready() -> ResponseReturnValue:
    """Tell whether a model is served."""
    there = _service().models.default is not None
    return jsonify(ready=there), 200 if there else 503


@open_inference_routes.get("/models/<name>")
@open_inference_routes.get("/models/<name>/versions/<version>")
def metadata(name: str, version: str | None = None) -> ResponseReturnValue:
    """Describe a model: a tensor for each column, or one for all, is taken."""
    _service().gate.caller(request.environ, "predict")
    try:
        model = served(_service().models, name, version)
    except NotServedError as error:
        return jsonify(error=str(error)), error.status
    return jsonify(
        name=model.name,
        versions=[model.version],
        platform=PLATFORM,
        inputs=[
            {
                "name": column.name,
                "datatype": "FP64",
                "shape": [-1],
                "parameters": {"unit": column.unit, "low": column.low, "high": column.high},
            }
            for column in model.schema.columns
        ],
        outputs=[
            {
                "name": OUTPUT,
                "datatype": _datatype(model),
                "shape": [-1, 1],
                "parameters": {"unit": model.schema.target_unit},
            }
        ],
    )


@open_inference_routes.get("/models/<name>/ready")
@open_inference_routes.get("/models/<name>/versions/<version>/ready")
def model_ready(name: str, version: str | None = None) -> ResponseReturnValue:
    """Tell whether a model is served."""
    try:
        model = served(_service().models, name, version)
    except NotServedError as error:
        return jsonify(name=name, ready=False, error=str(error)), error.status
    return jsonify(name=model.name, ready=True)


@open_inference_routes.post("/models/<name>/infer")
@open_inference_routes.post("/models/<name>/versions/<version>/infer")
def infer(name: str, version: str | None = None) -> ResponseReturnValue:
    """Answer one prediction a row, as a tensor."""
    service = _service()
    kind = request.content_type or ""
    asked = Request(read_body, kind, request.environ, name, version)
    return response(answer_in(OPEN_INFERENCE, asked, service))


def _service() -> Service:
    return service_of(current_app)
