"""What the routes work with: settings, the followed model, metrics."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol, cast

from flask import Flask

from app.caller import Gate, OpenGate
from app.database.connection import Database
from app.journal import Journal, NoJournal
from app.metrics import Metrics
from app.model import ServedModel
from app.settings import Settings

KEY = "prediction-service"


class Models(Protocol):
    """The served models as a request sees them."""

    @property
    def default(self) -> ServedModel | None:
        """The model that answers when none is named, or None when it has not been loaded yet."""

    @property
    def problem(self) -> str | None:
        """Why there is no default model, or why it may be stale; None when all is well."""

    @property
    def names(self) -> Collection[str]:
        """The names of all models that are served."""

    def named(self, name: str) -> ServedModel | None:
        """Return the served model of a registered name."""

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        """Return the one served model that has just these columns."""


@dataclass(frozen=True)
class Service:
    """The parts of one application."""

    settings: Settings
    models: Models
    metrics: Metrics
    gate: Gate = field(default_factory=OpenGate)
    journal: Journal = field(default_factory=NoJournal)
    database: Database = field(default_factory=Database)


def service_of(app: Flask) -> Service:
    """Return the parts that `create_app` was given."""
    return cast("Service", app.extensions[KEY])
