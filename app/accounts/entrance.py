"""Registers people, logs them in and out."""

import time

from flask import Response, current_app, request

from app.accounts import passwords, sessions, throttle, users
from app.accounts.answers import answer, page, see, wants_page
from app.accounts.checks import LONGEST_PASSWORD, checked_name, checked_password
from app.accounts.cookies import SESSION, VISITOR, cookie, remove_cookie, set_cookie
from app.accounts.fields import fields
from app.caller import RefusedError
from app.origin import address
from app.service import Service, service_of

WRONG = "the name or the password is wrong"
TOO_OFTEN = "too many tries: wait a quarter of an hour"


def register_page() -> Response:
    """Show the form to register."""
    return page("register.html", invitation=request.args.get("invitation", "")[:100])


def login_page() -> Response:
    """Show the form to log in."""
    return page("login.html")


def register() -> Response:
    """Make a user and log them in."""
    service, now = _service(), time.time()
    sent = fields(request, ("name", "password", "invitation"))
    name = checked_name(sent.text("name"))
    password = checked_password(sent.text("password"), name)
    needed = service.settings.auth == "required"
    invitation = sent.text("invitation", "").strip() if needed else None
    limits = {f"register:{address(request.environ)}": throttle.REGISTRATIONS_AN_ADDRESS}
    _throttled(service, limits, now)
    user_id = users.register(service.database, name, passwords.hashed(password), invitation, now)
    return _logged_in(service, user_id, 201, now)


def login() -> Response:
    """Log somebody in; who does not exist gets the same answer as who has another password."""
    service, now = _service(), time.time()
    sent = fields(request, ("name", "password"))
    name, password = sent.text("name").strip().lower()[:64], sent.text("password")
    subject = f"name:{name}"
    limits = {
        subject: throttle.LOGINS_A_NAME,
        f"address:{address(request.environ)}": throttle.LOGINS_AN_ADDRESS,
    }
    _throttled(service, limits, now)
    with service.database.reading() as connection:
        user = users.by_name(connection, name)
    kept = user.password_hash if user else None
    if not passwords.verified(password[: LONGEST_PASSWORD + 1], kept) or user is None:
        raise RefusedError(401, WRONG)
    with service.database.writing() as connection:
        throttle.forgive(connection, subject)
    return _logged_in(service, user.id, 200, now)


def logout() -> Response:
    """End the session, here and in the browser."""
    service = _service()
    fields(request, ())
    token = cookie(request.environ, SESSION)
    if token is not None:
        with service.database.writing() as connection:
            sessions.end(connection, token)
    response = see("/login") if wants_page() else answer(logged_out=True)
    remove_cookie(response, request.environ, SESSION)
    return response


def _logged_in(service: Service, user_id: int, status: int, now: float) -> Response:
    old = cookie(request.environ, SESSION)
    with service.database.writing() as connection:
        token = sessions.begin(connection, user_id, old, now)
        person = sessions.person(connection, token, now)
    if person is None:
        raise RefusedError(401, WRONG)
    if wants_page():
        response = see("/account")
    else:
        response = answer(status, name=person.name, scopes=sorted(person.scopes))
    set_cookie(response, request.environ, SESSION, token)
    remove_cookie(response, request.environ, VISITOR)
    return response


def _throttled(service: Service, limits: dict[str, int], now: float) -> None:
    with service.database.writing() as connection:
        allowed = throttle.attempt(connection, limits, now)
    if not allowed:
        raise RefusedError(429, TOO_OFTEN)


def _service() -> Service:
    return service_of(current_app)
