"""Descriptions of the operations on accounts: people, sessions, keys, invitations."""

from app.accounts.checks import DAYS, LONGEST_LABEL, LONGEST_PASSWORD, MOST_DAYS, SHORTEST_PASSWORD
from app.accounts.fields import LONGEST_TEXT
from app.caller import SCOPES
from app.openapi.operation import ERROR, HTML, Entry, Json, Now, Operation
from app.openapi.schemas import TEXT, TIME, listed, record

SCOPE: Json = {"type": "string", "enum": list(SCOPES)}
NOTHING: Json = {"type": "object", "additionalProperties": False}
NAME: Json = {"type": "string", "pattern": "^ *[a-zA-Z0-9][a-zA-Z0-9._@+-]{2,63} *$"}
SENT: Json = {"maxLength": LONGEST_TEXT, "pattern": r"^[^\u0000]*$", **TEXT}
"""What a field takes. Nor half of a surrogate pair, which most engines allow in no pattern."""
PASSWORD: Json = {**SENT, "minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD}
PERSON = record({"name": TEXT, "scopes": listed(SCOPE)})
KEY: dict[str, Json] = {
    "id": {"type": "integer"},
    "label": TEXT,
    "scopes": listed(SCOPE),
    "created_at": TIME,
    "expires_at": TIME,
}
STRANGER = ("Log in first: an API key cannot do this.", ERROR)
REFUSED = ("Another site's page sent this, or an invitation is needed.", ERROR)
THROTTLED = ("Too many tries: wait a quarter of an hour.", ERROR)
AWAY = ("The database cannot be asked now.", ERROR)
ONWARD = ("A browser is sent to /login or /account.", None)


def form_page(_now: Now) -> Operation:
    """GET /register and GET /login."""
    return Operation("The page with the form", {200: ("The page.", None)}, other_answers=(HTML,))


def register(_now: Now) -> Operation:
    """POST /register."""
    sent = {"name": NAME, "password": PASSWORD, "invitation": SENT}
    return Operation(
        "Register, and get a session",
        {
            201: ("Registered; the session is a cookie.", PERSON),
            303: ONWARD,
            403: REFUSED,
            409: ("The name is taken.", ERROR),
            429: THROTTLED,
            503: AWAY,
        },
        description="The invitation is needed where the service asks who you are.",
        body={**record(sent, "invitation"), "additionalProperties": False},
        other_answers=(HTML,),
    )


def login(_now: Now) -> Operation:
    """POST /login."""
    sent = {"name": SENT, "password": SENT}
    return Operation(
        "Log in, and get a session",
        {
            200: ("Logged in; the session is a cookie.", PERSON),
            303: ONWARD,
            401: ("The name or the password is wrong.", ERROR),
            403: REFUSED,
            429: THROTTLED,
            503: AWAY,
        },
        body={**record(sent), "additionalProperties": False},
        other_answers=(HTML,),
    )


def logout(_now: Now) -> Operation:
    """POST /logout."""
    answer = record({"logged_out": {"const": True}})
    return Operation(
        "End the session",
        {200: ("Ended.", answer), 303: ONWARD, 403: REFUSED, 503: AWAY},
        body=NOTHING,
        other_answers=(HTML,),
    )


def account(_now: Now) -> Operation:
    """GET /account."""
    answer = record({"name": TEXT, "scopes": listed(SCOPE), "keys": listed(record(KEY))})
    answers = {200: ("Your account.", answer), 303: ONWARD, 401: STRANGER, 503: AWAY}
    return Operation("Who you are, and your API keys", answers, other_answers=(HTML,))


def list_keys(_now: Now) -> Operation:
    """GET /keys."""
    answer = record({"keys": listed(record(KEY))})
    answers = {200: ("Your keys.", answer), 303: ONWARD, 401: STRANGER, 503: AWAY}
    return Operation("Your API keys, without what opens anything", answers, other_answers=(HTML,))


def make_key(_now: Now) -> Operation:
    """POST /keys."""
    sent = {
        "label": {**SENT, "minLength": 1, "maxLength": LONGEST_LABEL},
        "scopes": listed(SCOPE, minItems=1),
        "days": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DAYS},
    }
    return Operation(
        "Make an API key; it is shown this once",
        {
            201: ("The key.", record({"key": TEXT, **KEY})),
            303: ONWARD,
            401: STRANGER,
            403: REFUSED,
            409: ("You have as many keys as anybody may have.", ERROR),
            503: AWAY,
        },
        body={**record(sent, "days"), "additionalProperties": False},
        examples={"one": {"label": "my laptop", "scopes": ["predict"], "days": DAYS}},
        other_answers=(HTML,),
    )


def revoke_key(_now: Now) -> Operation:
    """DELETE /keys/{key_id}."""
    return Operation("Revoke an API key", _revoked(), parameters=[_key()], other_answers=(HTML,))


def revoke_by_form(_now: Now) -> Operation:
    """POST /keys/{key_id}/revoke."""
    return Operation(
        "Revoke an API key, from a page",
        _revoked(),
        parameters=[_key()],
        body=NOTHING,
        other_answers=(HTML,),
    )


def invite(_now: Now) -> Operation:
    """POST /invitations."""
    answer = record({"invitation": TEXT, "link": TEXT, "expires_at": TIME})
    return Operation(
        "Make an invitation, with which one person may register; it is shown this once",
        {201: ("The invitation.", answer), 303: ONWARD, 503: AWAY},
        scope="manage",
        body=NOTHING,
        other_answers=(HTML,),
    )


def _revoked() -> dict[int, tuple[str, Json | None]]:
    return {
        200: ("Revoked.", record({"revoked": {"type": "integer"}})),
        303: ONWARD,
        401: STRANGER,
        403: REFUSED,
        404: ("You have no such key.", ERROR),
        503: AWAY,
    }


def _key() -> Json:
    schema = {"type": "integer", "minimum": 0}
    meaning = "The key's id, as your account lists it."
    return {
        "name": "key_id",
        "in": "path",
        "required": True,
        "description": meaning,
        "schema": schema,
    }


ENTRIES: dict[str, Entry] = {
    "GET /register": form_page,
    "POST /register": register,
    "GET /login": form_page,
    "POST /login": login,
    "POST /logout": logout,
    "GET /account": account,
    "GET /keys": list_keys,
    "POST /keys": make_key,
    "DELETE /keys/{key_id}": revoke_key,
    "POST /keys/{key_id}/revoke": revoke_by_form,
    "POST /invitations": invite,
}
