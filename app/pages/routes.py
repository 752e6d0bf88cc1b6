"""The pages at /, /history and /status, and what every page carries."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.fields import form_binding
from app.accounts.tokens import form_token
from app.caller import Caller, RefusedError
from app.example import EXAMPLE_BODY
from app.model import ServedModel
from app.openapi.routes import now, summaries
from app.service import Service, service_of
from app.status.library import version as chart_version

pages = Blueprint(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)


@pages.get("/")
def index() -> ResponseReturnValue:
    """Show the page to people; to programs list the operations, with a body that works."""
    service = service_of(current_app)
    model = _chosen(service)
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return render_template("index.html", model=model, models=_served(service))
    routes = summaries(current_app.url_map, now(service))
    example = EXAMPLE_BODY if model is None else model.schema.example
    return jsonify(service="xgboost-api", routes=routes, example=example)


@pages.get("/history")
def history() -> ResponseReturnValue:
    """Show past predictions; the page asks /predictions for them."""
    return render_template("history.html", models=_served(service_of(current_app)))


@pages.get("/status")
def status() -> ResponseReturnValue:
    """Show how the service is; the page asks /status/data for it."""
    return render_template("status.html", chart_version=chart_version())


@pages.app_context_processor
def of_every_page() -> dict[str, Any]:
    """Return what the header needs: who asks, and what proves that a form is ours."""
    caller, binding = _caller("history"), form_binding(request)
    return {
        "form_token": form_token(binding) if binding else "",
        "signed_in": caller is not None and caller.user_id is not None,
        "may_predict": _caller("predict") is not None,
    }


@pages.after_request
def kept_nowhere(response: Response) -> Response:
    """Keep pages, which say who is logged in, out of every cache."""
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    return response


def described(model: ServedModel) -> dict[str, Any]:
    """Return what a page's scripts need to know about a model."""
    return {
        "name": model.name,
        "version": model.version,
        "unit": model.schema.target_unit,
        "columns": [asdict(column) for column in model.schema.columns],
        "classes": list(model.schema.classes),
        "explained": model.explainer is not None,
    }


pages.add_app_template_filter(described, "described")


def _served(service: Service) -> list[ServedModel]:
    return list(now(service).models)


def _chosen(service: Service) -> ServedModel | None:
    name = request.args.get("model")
    if name is None:
        return service.models.default
    model = service.models.named(name)
    if model is None:
        abort(404, f"no model {name[:60]!r} is served")
    return model


def _caller(scope: str) -> Caller | None:
    try:
        return service_of(current_app).gate.caller(request.environ, scope)
    except RefusedError:
        return None
