"""GET /openapi.json and GET /docs."""

import json

from flask import Blueprint, current_app, jsonify, render_template, request
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.test import EnvironBuilder

from app.caller import RefusedError
from app.late import late
from app.openapi.operation import Json, Now
from app.origin import is_https
from app.service import Service, service_of

openapi = Blueprint("openapi", __name__)

# A worker that nobody asks for its description need not hold apispec and all that is described.
document = late("app.openapi.document", "document")
summaries = late("app.openapi.document", "summaries")


KEPT = "openapi"
MOST_KEPT = 2
"""One of callers by TLS, one of the others."""


@openapi.record
def _with_none_kept(state: BlueprintSetupState) -> None:
    state.app.extensions[KEPT] = {}


@openapi.get("/openapi.json")
def described() -> ResponseReturnValue:
    """Answer the description of the API as it is now."""
    return jsonify(_document(service_of(current_app)))


@openapi.get("/docs")
def docs() -> ResponseReturnValue:
    """Show the same description to people."""
    scheme = "https" if is_https(request.environ) else "http"
    api = _document(service_of(current_app))
    return render_template("docs.html", api=api, url=f"{scheme}://{request.host}/")


@openapi.app_template_filter("plain_json")
def plain_json(value: object) -> str:
    """Write an example as a shell takes it; the template escapes it for HTML."""
    return json.dumps(value)


@openapi.app_template_filter("columns_of")
def columns_of(schema: Json) -> list[Json]:
    """Return the columns that a body's rows have, of the first model."""
    for shape in schema.get("anyOf", ()):
        rows = shape.get("properties", {}).get("features")
        if rows is not None:
            columns: list[Json] = rows["items"]["prefixItems"]
            return columns
    return []


def now(service: Service) -> Now:
    """Return what descriptions depend on."""
    models, default = service.models, service.models.default
    ordered = sorted(models.names, key=lambda name: default is None or name != default.name)
    # A model may go between the two looks.
    served = [model for name in ordered if (model := models.named(name)) is not None]
    return Now(served, service.settings)


def _document(service: Service) -> Json:
    """Return the document, made anew when something changed that it depends on."""
    seen, kept = now(service), current_app.extensions[KEPT]
    open_to_all, secure = _is_open(service), is_https(request.environ)
    models = tuple((model.name, model.version, model.run_id) for model in seen.models)
    key = (models, open_to_all, secure)
    if key not in kept:
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = document(current_app.url_map, seen, open_to_all=open_to_all, secure=secure)
    found: Json = kept[key]
    return found


def _is_open(service: Service) -> bool:
    """Ask the gate what it does with a caller that presents nothing."""
    try:
        service.gate.caller(EnvironBuilder("/predict", method="POST").get_environ(), "predict")
    except RefusedError:
        return False
    return True
