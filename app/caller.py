"""Who sends a request, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

SCOPES = ("predict", "feedback", "history", "manage")
"""predict and explain; tell true values; see one's own predictions; models, accounts, keys."""


@dataclass(frozen=True)
class Caller:
    """Who asks; `user_id` is None for everybody that has not said who they are."""

    user_id: int | None
    scopes: frozenset[str]


ANYONE = Caller(None, frozenset(SCOPES))


class RefusedError(Exception):
    """A caller that may not do this: 401 when it is not known who it is, else 403 or 429."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Gate(Protocol):
    """Tells callers apart."""

    def caller(self, environ: Mapping[str, Any], scope: str) -> Caller:
        """Return who sends this WSGI request; raises RefusedError when they lack the scope."""
        ...


class OpenGate:
    """Admits everybody: for a service that only its owner can reach."""

    def caller(self, environ: Mapping[str, Any], scope: str) -> Caller:  # noqa: ARG002
        """Return the one caller that there is."""
        return ANYONE
