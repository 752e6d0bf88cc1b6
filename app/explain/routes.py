"""POST /explain: the drivers of a few predictions."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.explain.explainers import Contributions
from app.model import ServedModel
from app.prediction import OURS, NotServedError, Request, named_in, understood
from app.refusal import headers
from app.replies import read_body
from app.rest import RegistryError
from app.schema import Floats
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
    query = request.query_string.decode("latin-1")
    asked = Request(read_body, request.content_type or "", request.environ, named_in(query))
    try:
        model, rows, _ = understood(OURS, asked, service.models, MOST_ROWS)
        return _explanations(model, rows)
    except NotServedError as error:
        return jsonify(error.said), error.status, headers(error.status)
    except RegistryError as error:
        problem, status = OUT_OF_REACH.format(problem=error), HTTPStatus.SERVICE_UNAVAILABLE
        return jsonify(error=problem), status, headers(status)


def _explanations(model: ServedModel, rows: Floats) -> ResponseReturnValue:
    if model.explainer is None:
        problem = NOT_EXPLAINABLE.format(model=model.name, version=model.version)
        return jsonify(error=problem), HTTPStatus.CONFLICT
    found = model.explainer.contributions(rows)
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
    units = {column.name: column.unit for column in model.schema.columns}
    place = {name: at for at, name in enumerate(units)}
    answers = []
    for row, shares, prediction in zip(rows, found.values, model.predict(rows), strict=True):
        strongest = sorted(zip(found.drivers, shares.tolist(), strict=True), key=_weakness)
        drivers = [
            {
                "driver": name,
                "unit": units.get(name),
                "value": float(row[place[name]]) if name in place else None,
                "contribution": share,
            }
            for name, share in strongest
        ]
        total = found.base + float(shares.sum())
        answers.append({"prediction": prediction, "sum": total, "drivers": drivers})
    return answers


def _weakness(driver: tuple[str, float]) -> float:
    return -abs(driver[1])
