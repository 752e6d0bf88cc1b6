"""Answers account routes: pages for browsers, JSON for programs."""

from typing import Any

from flask import Response, jsonify, make_response, redirect, render_template, request

from app.accounts.cookies import SESSION, VISITOR, cookie, set_cookie
from app.accounts.fields import form_binding
from app.accounts.tokens import form_token, new_token
from app.caller import RefusedError
from app.refusal import headers, json_refusal

FORMS = {
    "register": "register.html",
    "register_page": "register.html",
    "login": "login.html",
    "login_page": "login.html",
}


def wants_page() -> bool:
    """Return whether a browser asks; programs that say nothing get JSON."""
    return not request.is_json and "text/html" in request.headers.get("Accept", "")


def page(template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - as Jinja
    """Return a page whose forms this browser can send back."""
    binding = form_binding(request)
    visitor = binding or new_token()
    text = render_template(template, form_token=form_token(visitor), **values)
    response = make_response(text, status)
    if binding is None:
        set_cookie(response, request.environ, VISITOR, visitor)
    return response


def answer(status: int = 200, /, **values: Any) -> Response:  # noqa: ANN401 - JSON is anything
    """Return JSON."""
    response = jsonify(**values)
    response.status_code = status
    return response


def see(path: str) -> Response:
    """Send a browser on, after what it posted."""
    return make_response(redirect(path, 303))


def refused(error: RefusedError) -> Response:
    """Say what is wrong where it was entered, or as JSON."""
    if not wants_page():
        return json_refusal(error)
    name = (request.endpoint or "").rpartition(".")[2]
    if error.status == 401 and name not in FORMS:  # noqa: PLR2004
        return see("/login")
    entered = {field: request.form.get(field, "") for field in ("name", "invitation")}
    signed_in = cookie(request.environ, SESSION) is not None
    response = page(
        FORMS.get(name, "refused.html"),
        error.status,
        error=str(error),
        signed_in=signed_in,
        **entered,
    )
    response.headers.extend(headers(error.status))
    return response
