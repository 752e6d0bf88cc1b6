"""Reads what was sent to an account route: a form of ours, or JSON of a program's."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Request

from app.accounts.cookies import SESSION, VISITOR, cookie
from app.accounts.tokens import form_token
from app.caller import RefusedError
from app.origin import is_cross_site
from app.parsing.faults import BadInputError
from app.parsing.json_text import load

LONGEST_TEXT = 1024
UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""No database takes the first, no encoding the others."""

FORM_TOKEN = "form_token"  # noqa: S105 - a field's name


@dataclass(frozen=True)
class Fields:
    """The values by their names."""

    values: dict[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; raises RefusedError when it is missing or something else."""
        value = self.values.get(name, default)
        if value is None:
            raise RefusedError(400, f"{name} is missing")
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or UNUSABLE.search(value):
            raise RefusedError(
                400,
                f"{name} must be a text of at most {LONGEST_TEXT} characters, none of them zero",
            )
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; raises RefusedError when it is something else."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise RefusedError(400, f"{name} must be a list of texts")
        return value


def fields(request: Request, names: Sequence[str], lists: Sequence[str] = ()) -> Fields:
    """Return what was sent, which has only fields of these names.

    Raises
    ------
    RefusedError
        403: another site's page sent it, or the form is not from a page of ours. 400: it is no
        object, or has another field.
    """
    if is_cross_site(request.environ):
        raise RefusedError(403, "a page of another site sent this: it is refused")
    if request.is_json:
        values = _json(request)
    else:
        check_form(request)
        values = {
            name: request.form.getlist(name) if name in lists else request.form[name]
            for name in request.form
            if name != FORM_TOKEN
        }
    # Whoever sends more expects something to happen that does not.
    if others := set(values) - set(names) - set(lists):
        shown = ", ".join(sorted(other[:40] for other in others)[:5])
        message = f"{shown} cannot be set here: send {', '.join([*names, *lists])}"
        raise RefusedError(400, message)
    return Fields(values)


def check_form(request: Request) -> None:
    """Raise RefusedError unless a form came from a page that this browser got from us."""
    binding = form_binding(request)
    sent = request.form.get(FORM_TOKEN, "")
    right = binding is not None and hmac.compare_digest(form_token(binding).encode(), sent.encode())
    if not right:
        raise RefusedError(403, "this form is too old: load the page again, then send it")


def form_binding(request: Request) -> str | None:
    """Return the cookie that a form's token is bound to."""
    environ = request.environ
    return cookie(environ, SESSION) or cookie(environ, VISITOR)


def _json(request: Request) -> dict[str, Any]:
    try:
        parsed = load(request.get_data(cache=False))
    except BadInputError as error:
        raise RefusedError(400, str(error)) from error
    if not isinstance(parsed, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return parsed
