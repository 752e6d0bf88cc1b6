"""Descriptions of the operations that predict and explain."""

from app.explain.routes import MOST_ROWS
from app.openapi import bodies, schemas
from app.openapi.operation import ERROR, Entry, Json, Now, Operation
from app.openapi.schemas import IDENTITY, TEXT, listed, record

WAITING = ("No model yet, or the database cannot be asked now: the error says which.", ERROR)
UNKNOWN = ("No model of this name, or not this version of it, is served.", ERROR)
CSV = "text/csv"


def model_named(now: Now) -> Json:
    """Return the parameter `model`."""
    names = [model.name for model in now.models]
    schema: Json = {"type": "string", "enum": names} if names else TEXT
    return {
        "name": "model",
        "in": "query",
        "description": "Which served model answers; without it the one whose columns the body "
        "has, else the default.",
        "schema": schema,
    }


def predictions(now: Now) -> Json:
    """Return the schema of an answer of /predict and /invocations."""
    return record(
        {
            "predictions": listed(schemas.prediction(now.models)),
            "unit": {"type": "string", "description": "What one of them is counted in."},
            **IDENTITY,
            "prediction_id": {
                "type": ["string", "null"],
                "description": "Name it in feedback; null when the prediction was not kept.",
            },
        }
    )


def predict(now: Now) -> Operation:
    """POST /predict."""
    return Operation(
        "Predict a value or class for each row",
        {200: ("One prediction a row.", predictions(now)), 404: UNKNOWN, 503: WAITING},
        scope="predict",
        parameters=[model_named(now)],
        body=bodies.body(bodies.ours, now.models, now.settings.max_rows),
        examples=bodies.examples(now.models),
        other_bodies={CSV: bodies.csv(now.models, now.settings.max_rows, closed=True)},
    )


def explain(now: Now) -> Operation:
    """POST /explain."""
    driver: dict[str, Json] = {
        "driver": {"type": "string", "description": "A column, or location and neighbourhood."},
        "unit": {"type": ["string", "null"]},
        "value": {"type": ["number", "null"], "description": "The column's value."},
        "contribution": {"type": "number", "description": "Its SHAP value."},
    }
    row = {
        "prediction": schemas.prediction(now.models),
        "sum": {
            "type": "number",
            "description": "Base value and contributions: what the model computes, before its "
            "answer is kept within the targets it was fitted on, or made a class.",
        },
        "drivers": listed(record(driver)),
    }
    answer = {
        "explanations": listed(record(row)),
        "base": {"type": "number", "description": "What the model says knowing nothing."},
        "contribution_unit": TEXT,
        "unit": TEXT,
        **IDENTITY,
    }
    return Operation(
        "Tell what drives the prediction of each row",
        {
            200: ("The drivers of each row, the strongest first.", record(answer)),
            404: UNKNOWN,
            409: ("This model's predictions have no contributions.", ERROR),
            503: WAITING,
        },
        scope="predict",
        description="SHAP values by the model's own trees or weights.",
        parameters=[model_named(now)],
        body=bodies.body(bodies.ours, now.models, MOST_ROWS),
        examples=bodies.examples(now.models),
        other_bodies={CSV: bodies.csv(now.models, MOST_ROWS, closed=True)},
    )


ENTRIES: dict[str, Entry] = {
    "POST /predict": predict,
    "POST /explain": explain,
}
