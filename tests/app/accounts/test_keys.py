"""API keys: made with fewer rights than their owner, shown once, revoked at once."""

import hashlib

import pytest
from sqlalchemy import select

from app.accounts.gate import LIFE_S
from app.accounts.keys import MOST_KEYS
from app.database.tables import api_keys


def test_key_does_what_its_scopes_say(site):
    """A key with predict predicts, and sees no history."""
    key = site.key(site.person("anna"), "predict")
    http = site.client(key)
    assert http.post("/predict", json={"features": [[1.0] * 8]}).status_code == 400
    answer = http.get("/predictions")
    assert (answer.status_code, "history" in answer.json["error"]) == (403, True)


def test_key_is_shown_once_and_kept_as_its_hash(site):
    """Nothing that the service stores or lists later contains the key."""
    http = site.person("anna")
    key = site.key(http, "predict")
    assert key.startswith("mlops_")
    assert key not in http.get("/keys").text + http.get("/account").text
    with site.database.reading() as connection:
        (kept,) = connection.execute(select(api_keys.c.token_hash)).scalars()
    assert kept == hashlib.sha256(key.encode()).digest()


@pytest.mark.parametrize("form", [False, True])
def test_revoked_key_ends_within_seconds(site, form):
    """After the gate's few seconds a revoked key is refused; others go on."""
    http = site.person("anna")
    key, other = site.key(http, "history"), site.key(http, "history")
    number = http.get("/keys").json["keys"][1]["id"]
    assert site.client(key).get("/predictions").status_code == 200
    if form:
        assert http.post(f"/keys/{number}/revoke", json={}).status_code == 200
    else:
        assert http.delete(f"/keys/{number}").status_code == 200
    site.now[0] = LIFE_S
    assert site.client(key).get("/predictions").status_code == 401
    assert site.client(other).get("/predictions").status_code == 200
    assert http.delete(f"/keys/{number}").status_code == 404


def test_key_expires(site):
    """A key for one day works today and not tomorrow."""
    http = site.person("anna")
    body = {"label": "short", "scopes": ["history"], "days": 1}
    key = http.post("/keys", json=body).json["key"]
    site.now[0] = 86_000
    assert site.client(key).get("/predictions").status_code == 200
    site.now[0] = 86_401
    assert site.client(key).get("/predictions").status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"scopes": []}, 400),
        ({"scopes": ["everything"]}, 400),
        ({"scopes": "predict"}, 400),
        ({"scopes": ["manage"]}, 403),
        ({"label": ""}, 400),
        ({"label": "a\nb"}, 400),
        ({"label": "x" * 65}, 400),
        ({"days": 0}, 400),
        ({"days": 366}, 400),
        ({"days": 1.5}, 400),
        ({"days": True}, 400),
        ({"days": "1e2"}, 400),
        ({"user_id": 1}, 400),
    ],
)
def test_what_a_key_cannot_be(site, change, status):
    """Scopes that one does not have, odd labels and times, other fields: refused."""
    site.person("first")
    http = site.person("anna")
    body = {"label": "a key", "scopes": ["predict"], **change}
    assert http.post("/keys", json=body).status_code == status
    assert http.get("/keys").json["keys"] == []


def test_nobody_has_more_keys_than_the_bound(site):
    """The twenty-first key is refused until one is revoked."""
    http = site.person("anna")
    for _ in range(MOST_KEYS):
        site.key(http, "predict")
    body = {"label": "one more", "scopes": ["predict"]}
    assert http.post("/keys", json=body).status_code == 409
    http.delete(f"/keys/{http.get('/keys').json['keys'][0]['id']}")
    assert http.post("/keys", json=body).status_code == 201


def test_keys_are_for_people_to_make(site):
    """A key, even the operator's, makes no other key: a stolen one does not multiply."""
    site.person("anna")
    body = {"label": "child", "scopes": ["predict"]}
    assert site.operator().post("/keys", json=body).status_code == 401


def test_number_that_no_database_takes_is_not_found(site):
    """A key's number beyond the integers is 404."""
    assert site.person("anna").delete(f"/keys/{10**30}").status_code == 404
