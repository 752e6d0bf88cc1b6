"""POST /explain: the drivers of a few predictions."""

from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.explain.explainers import Contributions
from app.model import ServedModel
from app.registry import RegistryError
from app.request import BadInputError, Floats, parse
from app.service import service_of

explain = Blueprint("explain", __name__)

MOST_ROWS = 100
"""SHAP values of a row cost some hundred times its prediction."""

NOT_EXPLAINABLE = (
    "{model} version {version} has no contributions that add up to its predictions: "
    "ask a model of trees or a linear one"
)
OUT_OF_REACH = "the model's files are out of reach, so it cannot be explained now: {problem}"


@explain.post("/explain")
def explained() -> ResponseReturnValue:
    """Answer what drives each row's prediction; body and refusals as for /predict."""
    service = service_of(current_app)
    service.gate.caller(request.environ, "predict")
    name = request.args.get("model")
    model = service.models.default if name is None else service.models.named(name)
    if model is None and name is not None:
        return jsonify(error=f"no model {name[:60]!r} is served"), 404
    if model is None:
        problem = f"No model is served yet: {service.models.problem}"
        return jsonify(error=problem), 503, {"Retry-After": "5"}
    if not request.is_json or request.content_encoding:
        return jsonify(error="send plain JSON as application/json"), 415
    try:
        rows = parse(request.get_data(cache=False), model.schema, MOST_ROWS)
    except BadInputError as error:
        found = {"row": error.row, "column": error.column, "value": error.value}
        where = {name: value for name, value in found.items() if value is not None}
        return jsonify(error=str(error), **where, example=model.schema.example), 400
    return _explanations(model, rows)


def _explanations(model: ServedModel, rows: Floats) -> ResponseReturnValue:
    if model.explainer is None:
        problem = NOT_EXPLAINABLE.format(model=model.name, version=model.version)
        return jsonify(error=problem), 409
    try:
        found = model.explainer.contributions(rows)
    except RegistryError as error:
        problem = OUT_OF_REACH.format(problem=error)
        return jsonify(error=problem), 503, {"Retry-After": "5"}
    return jsonify(
        explanations=described(found, model, rows),
        base=found.base,
        contribution_unit=found.unit,
        unit=model.schema.target_unit,
        model=model.name,
        version=model.version,
        run_id=model.run_id,
    )


def described(found: Contributions, model: ServedModel, rows: Floats) -> list[dict[str, Any]]:
    """Return each row's prediction with its drivers, the strongest first.

    `sum` is the base value and all contributions: what the model computes before its answer is
    kept within the targets that it was fitted on, or made a class.
    """
    columns = {column.name: column for column in model.schema.columns}
    place = {name: at for at, name in enumerate(columns)}
    answers = []
    for row, values, prediction in zip(rows, found.values, model.predict(rows), strict=True):
        drivers = [
            {
                "driver": name,
                "unit": columns[name].unit if name in columns else None,
                "value": float(row[place[name]]) if name in columns else None,
                "contribution": float(value),
            }
            for name, value in zip(found.drivers, values, strict=True)
        ]
        drivers.sort(key=lambda driver: -abs(float(str(driver["contribution"]))))
        total = found.base + float(values.sum())
        answers.append({"prediction": prediction, "sum": total, "drivers": drivers})
    return answers
