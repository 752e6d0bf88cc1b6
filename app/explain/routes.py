"""POST /explain: the drivers of a few predictions."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from app.explain.explainers import Contributions
from app.model import ServedModel
from app.parsing.faults import BadInputError
from app.parsing.values import values
from app.prediction import NotServedError, Request, by_columns, mimetype_of, named_in, served
from app.replies import read_body
from app.request import read
from app.rest import RegistryError
from app.schema import Floats
from app.service import Service, service_of

explain = Blueprint("explain", __name__)

MOST_ROWS = 100
"""SHAP values of a row cost some hundred times its prediction."""

NOT_EXPLAINABLE = (
    "{model} version {version} has no contributions that add up to its predictions: "
    "ask a model of trees or a linear one"
)
OUT_OF_REACH = "the model's files are out of reach, so it cannot be explained now: {problem}"
RETRY = {"Retry-After": "5"}


@explain.post("/explain")
def explained() -> ResponseReturnValue:
    """Answer what drives each row's prediction; body and refusals as for /predict."""
    service = service_of(current_app)
    service.gate.caller(request.environ, "predict")
    query = request.query_string.decode("latin-1")
    asked = Request(read_body, request.content_type or "", request.environ, named_in(query))
    try:
        model, rows = _understood(asked, service)
        return _explanations(model, rows)
    except NotServedError as error:
        yet = error.status == HTTPStatus.SERVICE_UNAVAILABLE
        return jsonify(error=str(error)), error.status, RETRY if yet else {}
    except BadInputError as error:
        named = None if asked.model is None else service.models.named(asked.model)
        return _refused(error, named or service.models.default)
    except RegistryError as error:
        problem = OUT_OF_REACH.format(problem=error)
        return jsonify(error=problem), HTTPStatus.SERVICE_UNAVAILABLE, RETRY


def _understood(asked: Request, service: Service) -> tuple[ServedModel, Floats]:
    models = service.models
    model = None if asked.model is None else served(models, asked.model)
    table = read(asked.body(), mimetype_of(asked))
    model = model or by_columns(models, table)
    return model, values(table, model.schema, MOST_ROWS)


def _refused(error: BadInputError, model: ServedModel | None) -> ResponseReturnValue:
    said = {"row": error.row, "column": error.column, "value": error.value}
    found: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    if model is not None:
        found["example"] = model.schema.example
    return jsonify(error=str(error), **found), error.status


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
