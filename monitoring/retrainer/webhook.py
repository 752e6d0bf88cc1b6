"""What Alertmanager's webhook and people ask for, as retrainings; what is wrong with a body.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config has the webhook's form.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.database.retrainings import AND
from training.schema import PROBLEMS

log = logging.getLogger(__name__)

OPERATOR = "operator"
A_RECIPE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
SHOWN_CHARACTERS = 60


class BadBodyError(ValueError):
    """A body that asks for nothing that can be done: names what is wrong with which value."""


@dataclass(frozen=True)
class Wish:
    """A retraining that somebody asks for; `alert_at` is when the alert began, if one asks."""

    model: str
    trigger: str
    alert_at: float | None = None
    recipe: str | None = None


def of_alerts(body: object) -> list[Wish]:
    """Return one wish for each model that a firing alert is about.

    Another model, which somebody else has registered, may stand in the same message: it is left
    out.

    Raises
    ------
    BadBodyError
        It is not what Alertmanager sends.
    """
    alerts = _object(body, "the body").get("alerts")
    if not isinstance(alerts, list):
        message = f"alerts: {_shown(alerts)}: must be a list, as Alertmanager sends it"
        raise BadBodyError(message)
    firing: dict[str, list[tuple[str, float]]] = {}
    for place, alert in enumerate(alerts):
        found = _object(alert, f"alerts[{place}]")
        if found.get("status") == "firing":
            model, name, began = _alert(found, f"alerts[{place}]")
            if model in PROBLEMS:
                firing.setdefault(model, []).append((name, began))
            else:
                log.warning("%s is about %.60r, which nobody here can retrain", name, model)
    return [
        Wish(
            model,
            AND.join(sorted({name for name, _ in about})),
            min(began for _, began in about),
        )
        for model, about in sorted(firing.items())
    ]


def of_operator(body: object) -> Wish:
    """Return what a person asks for: `{"model": …}`, and a `recipe` if it is to be another one.

    Raises
    ------
    BadBodyError
        A field is unknown, missing or of the wrong form.
    """
    fields = _object(body, "the body")
    if unknown := sorted(set(fields) - {"model", "recipe"}):
        message = f"{_shown(unknown[0])}: there is no such field; there are model and recipe"
        raise BadBodyError(message)
    recipe = fields.get("recipe")
    if recipe is not None and not (isinstance(recipe, str) and A_RECIPE.fullmatch(recipe)):
        message = f"recipe: {_shown(recipe)}: must be the name of one, as xgboost-geo"
        raise BadBodyError(message)
    return Wish(_model(fields.get("model"), "model"), OPERATOR, recipe=recipe)


def _alert(found: Mapping[str, Any], place: str) -> tuple[str, str, float]:
    labels = _object(found.get("labels"), f"{place}.labels")
    name = labels.get("alertname")
    if not isinstance(name, str) or not name:
        message = f"{place}.labels.alertname: {_shown(name)}: must be the alert's name"
        raise BadBodyError(message)
    model = labels.get("model")
    if not isinstance(model, str) or not model:
        message = f"{place}.labels.model: {_shown(model)}: must be the model's name"
        raise BadBodyError(message)
    return model, name, _began(found.get("startsAt"), f"{place}.startsAt")


def _model(name: object, place: str) -> str:
    if not isinstance(name, str) or name not in PROBLEMS:
        message = (
            f"{place}: {_shown(name)}: there is no such model; there are {', '.join(PROBLEMS)}"
        )
        raise BadBodyError(message)
    return name


def _began(text: object, place: str) -> float:
    try:
        began = datetime.fromisoformat(str(text))
        # A time without a zone is one that nobody can place.
        at = began.astimezone(UTC).timestamp() if began.tzinfo else -1.0
    except (ValueError, OverflowError):
        at = -1.0
    if at <= 0:
        message = f"{place}: {_shown(text)}: must be a time, as 2026-11-21T10:00:00Z"
        raise BadBodyError(message)
    return at


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        message = f"{place}: {_shown(value)}: must be a JSON object"
        raise BadBodyError(message)
    return value


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
