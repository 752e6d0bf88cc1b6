"""The routes about models: which are served, the way back, and MLflow's webhook."""

import time
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from app.follower import UnknownModelError
from app.model import UnusableModelError
from app.models import Followed
from app.refusal import headers
from app.registry import NoChampionError
from app.rest import RegistryError
from app.service import service_of

model_routes = Blueprint("models", __name__)


@model_routes.get("/models")
def models() -> ResponseReturnValue:
    """List every followed model, with what it takes and whether it is what the registry names."""
    service = service_of(current_app)
    service.gate.caller(request.environ, "predict")
    followed, budget_mb = service.models.followed, service.settings.model_memory_mb
    taken = sum(one.memory_bytes for one in followed)
    return jsonify(
        models=[{**_described(one), "default": at == 0} for at, one in enumerate(followed)],
        memory={"used_bytes": taken, "budget_bytes": int(budget_mb * 1e6)},
    )


@model_routes.post("/models/<name>/previous")
def previous(name: str) -> ResponseReturnValue:
    """Make the champion before this one champion again; a second call undoes it."""
    service = service_of(current_app)
    service.gate.caller(request.environ, "manage")
    try:
        went = service.models.back(name)
    except UnknownModelError as error:
        return jsonify(error=str(error)), HTTPStatus.NOT_FOUND
    except NoChampionError as error:
        message = f"{error}: there is nothing to go back to"
        return jsonify(error=message), HTTPStatus.CONFLICT
    except UnusableModelError as error:
        message = f"{error}: the champion stays"
        return jsonify(error=message), HTTPStatus.CONFLICT
    except RegistryError as error:
        message = f"{error}: try again when it is back"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return jsonify(error=message), status, headers(status)
    model = went.model
    return jsonify(
        model=model.name, version=model.version, run_id=model.run_id, previous=went.replaced
    )


@model_routes.post("/models/hook")
def hook() -> ResponseReturnValue:
    """Look at the registry now, because MLflow says that an alias moved."""
    service = service_of(current_app)
    if service.hook is None:
        message = "this service has no webhook: it was started without MODEL_HOOK_URL"
        raise NotFound(message)
    service.hook.check(request.headers, request.get_data(cache=False), time.time())
    service.models.wake()
    return "", HTTPStatus.NO_CONTENT


def _described(one: Followed) -> dict[str, Any]:
    model, wanted = one.model, one.version
    about: dict[str, Any] = {
        "model": one.name,
        "version": model.version if model else None,
        "run_id": model.run_id if model else None,
        "champion": wanted.version if wanted else None,
        "stale": one.stale,
        "problem": one.problem,
        "memory_bytes": one.memory_bytes,
    }
    if model is None:
        return about
    schema = model.schema
    return {
        **about,
        "columns": [asdict(column) for column in schema.columns],
        "unit": schema.target_unit,
        "classes": list(schema.classes),
        "example": schema.example,
    }
