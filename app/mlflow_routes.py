"""The routes of MLflow's scoring server, so that its clients work unchanged."""

from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from app.model import ServedModel
from app.parsing import mlflow_body
from app.prediction import Dialect, Request, answer_in, named_in
from app.replies import read_body, response
from app.service import service_of

mlflow_routes = Blueprint("mlflow", __name__)

MLFLOW_VERSION = "3.17.2"
"""The version whose protocol is spoken."""

ERROR_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    415: "BAD_REQUEST",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


def _refusal(status: int, said: dict[str, Any]) -> dict[str, Any]:
    code = ERROR_CODES.get(status, "BAD_REQUEST")
    return {"error_code": code, "message": said["error"], **said}


def _example(model: ServedModel) -> dict[str, Any]:
    columns = list(model.schema.names)
    return {"dataframe_split": {"columns": columns, "data": [model.schema.example_row]}}


MLFLOW = Dialect(
    read=lambda asked, mimetype: (mlflow_body.read(asked.body(), mimetype), None),
    answer=lambda answered, _repeated: {"predictions": answered.predictions, **answered.origin},
    refusal=_refusal,
    example=_example,
)


@mlflow_routes.post("/invocations")
def invocations() -> ResponseReturnValue:
    """Answer one prediction a row; the body is MLflow's."""
    service = service_of(current_app)
    asked = Request(
        read_body,
        request.content_type or "",
        request.environ,
        named_in(request.query_string.decode("latin-1")),
    )
    return response(answer_in(MLFLOW, asked, service))


@mlflow_routes.get("/ping")
@mlflow_routes.get("/health")
def ping() -> ResponseReturnValue:
    """Tell whether a model is served, as MLflow tells it: by the status, with an empty body."""
    ready = service_of(current_app).models.default is not None
    # MLflow calls it JSON, which an empty line is not.
    return Response("\n", 200 if ready else 404, content_type="text/plain")


@mlflow_routes.get("/version")
def version() -> ResponseReturnValue:
    """Tell which MLflow's protocol this is."""
    return Response(MLFLOW_VERSION, content_type="text/plain; charset=utf-8")
