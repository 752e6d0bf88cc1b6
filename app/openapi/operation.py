"""What is said about one operation of the API, and how that becomes OpenAPI."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from app.model import ServedModel
from app.settings import Settings

Json = dict[str, Any]

JSON = "application/json"
HTML = "text/html"


@dataclass(frozen=True)
class Now:
    """What descriptions depend on: the served models, and the settings."""

    models: Sequence[ServedModel]
    settings: Settings


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Parameters
    ----------
    answers
        By status: what it means, and the schema of the JSON; None: it has no JSON.
    scope
        What a caller must be allowed; None: everybody may.
    body, examples
        The schema of a JSON body, and valid bodies by name.
    other_bodies
        By media type: the schema of bodies that are no JSON.
    other_answers
        Text media types of the answer 200, beside JSON, and of those without JSON.
    """

    summary: str
    answers: Mapping[int, tuple[str, Json | None]]
    scope: str | None = None
    description: str = ""
    parameters: Sequence[Json] = ()
    body: Json | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    other_bodies: Mapping[str, Json] = field(default_factory=dict)
    other_answers: Sequence[str] = ()


Entry = Callable[[Now], Operation]
"""Describes an operation as it is now."""

ERROR: Json = {"$ref": "#/components/schemas/Error"}

NEEDS: dict[int, tuple[str, Json | None]] = {
    401: ("It is not known who asks: log in, or send an API key.", ERROR),
    403: ("The caller may not do this.", ERROR),
    429: ("Too many attempts: wait.", ERROR),
    503: ("The database cannot be asked who this is: try again.", ERROR),
}
TAKES: dict[int, tuple[str, Json | None]] = {
    400: ("The input is refused; the error says where and why.", ERROR),
    413: ("The body is too large.", ERROR),
    415: ("The body is of another media type, or compressed.", ERROR),
}


def as_openapi(operation: Operation, *, open_to_all: bool) -> Json:
    """Return the operation object; `open_to_all`: who presents no key is let in too."""
    described: Json = {"summary": operation.summary}
    if operation.description:
        described["description"] = operation.description
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    answers = dict(operation.answers)
    bodies = _bodies(operation)
    if bodies:
        described["requestBody"] = {"required": True, "content": bodies}
        answers = TAKES | answers
    if operation.scope is not None:
        described["description"] = f"{operation.description} Scope: {operation.scope}.".strip()
        described["security"] = [*([{}] if open_to_all else []), {"key": []}, {"session": []}]
        answers = NEEDS | answers
    described["responses"] = {
        str(status): _answer(operation, status, *answers[status]) for status in sorted(answers)
    }
    return described


def _bodies(operation: Operation) -> Json:
    found: Json = {}
    if operation.body is not None:
        found[JSON] = {"schema": operation.body}
        if operation.examples:
            examples = {name: {"value": value} for name, value in operation.examples.items()}
            found[JSON]["examples"] = examples
    for media_type, schema in operation.other_bodies.items():
        found[media_type] = {"schema": schema}
    return found


def _answer(operation: Operation, status: int, meaning: str, schema: Json | None) -> Json:
    content: Json = {} if schema is None else {JSON: {"schema": schema}}
    if status == HTTPStatus.OK or schema is None:
        content |= {name: {"schema": {"type": "string"}} for name in operation.other_answers}
    answer: Json = {"description": meaning}
    if content:
        answer["content"] = content
    return answer
