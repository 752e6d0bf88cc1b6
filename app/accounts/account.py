"""Shows somebody their account; makes and revokes their API keys; invites others."""

import time
from typing import Any

from flask import Response, current_app, request

from app.accounts import invitations, keys, sessions
from app.accounts.answers import answer, page, see, wants_page
from app.accounts.checks import DAYS, checked_days, checked_label, checked_scopes
from app.accounts.cookies import SESSION, cookie
from app.accounts.fields import fields
from app.caller import SCOPES, RefusedError
from app.instants import iso
from app.origin import is_cross_site
from app.service import Service, service_of


def account_page() -> Response:
    """Show who is logged in, and their keys."""
    service = _service()
    person = _person(service)
    return _account(service, person) if wants_page() else answer(**_described(service, person))


def list_keys() -> Response:
    """List the keys, without what opens anything."""
    service = _service()
    person = _person(service)
    if wants_page():
        return _account(service, person)
    return answer(keys=_described(service, person)["keys"])


def make_key() -> Response:
    """Make a key and show it, this once."""
    service = _service()
    person = _person(service)
    sent = fields(request, ("label", "days"), lists=("scopes",))
    wish = keys.Wish(
        checked_label(sent.text("label")),
        checked_scopes(sent.texts("scopes"), person.scopes),
        checked_days(sent.values.get("days", DAYS)),
    )
    with service.database.writing() as connection:
        key, described = keys.make(connection, person.id, wish, time.time())
    if wants_page():
        return _account(service, person, 201, new_key=key)
    return answer(201, key=key, **described)


def revoke_key(key_id: int) -> Response:
    """Revoke a key."""
    service = _service()
    person = _person(service)
    if is_cross_site(request.environ):
        raise RefusedError(403, "a page of another site sent this: it is refused")
    _revoke(service, person, key_id)
    return answer(revoked=key_id)


def revoke_key_form(key_id: int) -> Response:
    """Revoke a key from the page."""
    service = _service()
    person = _person(service)
    fields(request, ())
    _revoke(service, person, key_id)
    return see("/account") if wants_page() else answer(revoked=key_id)


def make_invitation() -> Response:
    """Make an invitation and show it, this once."""
    service = _service()
    caller = service.gate.caller(request.environ, "manage")
    if "Authorization" not in request.headers:
        fields(request, ())
    with service.database.writing() as connection:
        token, expires_at = invitations.invite(connection, caller.user_id, time.time())
    link = f"/register?invitation={token}"
    if wants_page() and caller.user_id:
        return _account(service, _person(service), 201, new_invitation=link)
    return answer(201, invitation=token, link=link, expires_at=iso(expires_at))


def _revoke(service: Service, person: sessions.Person, key_id: int) -> None:
    # PostgreSQL's integers end there.
    if key_id >= 1 << 31:
        raise RefusedError(404, f"you have no key {key_id}")
    with service.database.writing() as connection:
        keys.revoke(connection, person.id, key_id)


def _person(service: Service) -> sessions.Person:
    token = cookie(request.environ, SESSION)
    if token is not None:
        with service.database.reading() as connection:
            found = sessions.person(connection, token, time.time())
        if found is not None:
            return found
    raise RefusedError(401, "log in first: this is for people, an API key cannot do it")


def _described(service: Service, person: sessions.Person) -> dict[str, Any]:
    with service.database.reading() as connection:
        own = keys.of(connection, person.id)
    return {"name": person.name, "scopes": sorted(person.scopes), "keys": own}


def _account(service: Service, person: sessions.Person, status: int = 200, **news: str) -> Response:
    return page(
        "account.html",
        status,
        **_described(service, person),
        offered=[scope for scope in SCOPES if scope in person.scopes],
        days=DAYS,
        may_invite="manage" in person.scopes,
        **news,
    )


def _service() -> Service:
    return service_of(current_app)
