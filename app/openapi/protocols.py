"""Descriptions of the operations that speak as MLflow's and the Open Inference servers do."""

from app.openapi import bodies, schemas
from app.openapi.operation import Entry, Json, Now, Operation
from app.openapi.predicting import CSV, UNKNOWN, WAITING, model_named, predictions
from app.openapi.schemas import TEXT, listed, record

FLAG: Json = {"type": "boolean"}
READY = record({"name": TEXT, "ready": FLAG})
NOT_READY = record({"name": TEXT, "ready": FLAG, "error": TEXT})


def invocations(now: Now) -> Operation:
    """POST /invocations."""
    return Operation(
        "Predict, as MLflow's scoring server does",
        {200: ("One prediction a row.", predictions(now)), 404: UNKNOWN, 503: WAITING},
        scope="predict",
        description="Columns that the model does not have are passed over.",
        parameters=[model_named(now)],
        body=bodies.body(bodies.mlflow, now.models, now.settings.max_rows),
        examples=bodies.mlflow_examples(now.models),
        other_bodies={CSV: bodies.csv(now.models, now.settings.max_rows, closed=False)},
    )


def ping(_now: Now) -> Operation:
    """GET /ping and GET /health."""
    answers = {200: ("One is; the body is empty.", None), 404: ("None is.", None)}
    return Operation(
        "Is a model served, as MLflow tells it", answers, other_answers=("text/plain",)
    )


def version(_now: Now) -> Operation:
    """GET /version."""
    answers = {200: ("MLflow's version.", None)}
    return Operation("Which MLflow's protocol is spoken", answers, other_answers=("text/plain",))


def server(_now: Now) -> Operation:
    """GET /v2."""
    answer = record({"name": TEXT, "version": TEXT, "extensions": listed(TEXT)})
    return Operation("What this server is, by the Open Inference Protocol", {200: ("It.", answer)})


def live(_now: Now) -> Operation:
    """GET /v2/health/live."""
    return Operation("Is the process alive", {200: ("It is.", record({"live": FLAG}))})


def ready(_now: Now) -> Operation:
    """GET /v2/health/ready."""
    answer = record({"ready": FLAG})
    return Operation("Is a model served", {200: ("One is.", answer), 503: ("None is yet.", answer)})


def metadata(now: Now) -> Operation:
    """GET /v2/models/{name}."""
    tensor = {
        "name": TEXT,
        "datatype": TEXT,
        "shape": listed({"type": "integer"}),
        "parameters": {"type": "object"},
    }
    answer = record(
        {
            "name": TEXT,
            "versions": listed(TEXT),
            "platform": TEXT,
            "inputs": listed(record(tensor)),
            "outputs": listed(record(tensor)),
        }
    )
    return Operation(
        "A model's inputs, with units and ranges, and outputs",
        {200: ("The tensors that it takes and gives.", answer), 404: UNKNOWN, 503: WAITING},
        scope="predict",
        parameters=[_name(now)],
    )


def model_ready(now: Now) -> Operation:
    """GET /v2/models/{name}/ready."""
    return Operation(
        "Is this model served",
        {200: ("It is.", READY), 404: ("It is not.", NOT_READY), 503: ("None is.", NOT_READY)},
        parameters=[_name(now)],
    )


def infer(now: Now) -> Operation:
    """POST /v2/models/{name}/infer."""
    output = {
        "name": TEXT,
        "shape": listed({"type": "integer"}),
        "datatype": TEXT,
        "data": listed(schemas.prediction(now.models)),
    }
    answer = {
        "model_name": TEXT,
        "model_version": TEXT,
        "id": TEXT,
        "parameters": {"type": "object", "description": "unit, run_id, prediction_id and more."},
        "outputs": listed(record(output)),
    }
    return Operation(
        "Predict, as the Open Inference Protocol has it",
        {200: ("A tensor of predictions.", record(answer, "id")), 404: UNKNOWN, 503: WAITING},
        scope="predict",
        description="Tensors may also follow the JSON as bytes: binary_data_size and the header "
        "Inference-Header-Content-Length, as in Triton's extension.",
        parameters=[_name(now)],
        body=bodies.body(bodies.open_inference, now.models, now.settings.max_rows),
        examples=bodies.open_inference_examples(now.models),
    )


def of_version(entry: Entry) -> Entry:
    """Describe the same operation for one version of a model."""

    def described(now: Now) -> Operation:
        operation = entry(now)
        parameters = [*operation.parameters, _version(now)]
        summary = f"{operation.summary}, for one version"
        return Operation(**{**vars(operation), "parameters": parameters, "summary": summary})

    return described


def _name(now: Now) -> Json:
    return _in_path("name", [model.name for model in now.models], "A registered model.")


def _version(now: Now) -> Json:
    return _in_path("version", [model.version for model in now.models], "Its version.")


def _in_path(name: str, values: list[str], meaning: str) -> Json:
    schema: Json = {"type": "string", "enum": values} if values else TEXT
    return {"name": name, "in": "path", "required": True, "description": meaning, "schema": schema}


ENTRIES: dict[str, Entry] = {
    "POST /invocations": invocations,
    "GET /ping": ping,
    "GET /health": ping,
    "GET /version": version,
    "GET /v2": server,
    "GET /v2/health/live": live,
    "GET /v2/health/ready": ready,
    "GET /v2/models/{name}": metadata,
    "GET /v2/models/{name}/ready": model_ready,
    "POST /v2/models/{name}/infer": infer,
    "GET /v2/models/{name}/versions/{version}": of_version(metadata),
    "GET /v2/models/{name}/versions/{version}/ready": of_version(model_ready),
    "POST /v2/models/{name}/versions/{version}/infer": of_version(infer),
}
