"""What the routes work with: settings, the followed model, metrics."""

from dataclasses import dataclass
from typing import Protocol, cast

from flask import Flask

from app.metrics import Metrics
from app.model import ServedModel
from app.settings import Settings

KEY = "prediction-service"


class Followed(Protocol):
    """The champion as a request sees it."""

    @property
    def model(self) -> ServedModel | None:
        """The model to answer with, or None when none has been loaded yet."""

    @property
    def problem(self) -> str | None:
        """Why there is no model, or why it may be stale; None when all is well."""


@dataclass(frozen=True)
class Service:
    """The parts of one application."""

    settings: Settings
    champion: Followed
    metrics: Metrics


def service_of(app: Flask) -> Service:
    """Return the parts that `create_app` was given."""
    return cast("Service", app.extensions[KEY])
