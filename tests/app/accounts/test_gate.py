"""The gate: who is admitted with what, and that it stays quick and lasting."""

import time

import pytest

from app.accounts.gate import LIFE_S, MOST_KNOWN, OPERATOR, AccountGate, Found
from app.accounts.tokens import digest, operator_digest
from app.caller import ANYONE, Caller, RefusedError
from app.database.connection import UnavailableError
from app.settings import SettingsError

ANNA = Caller(7, frozenset({"predict"}))
KEY = "mlops_of-anna"
SESSION = "session-of-anna"


class Accounts:
    """The database, as the gate sees it; counts how often it is asked."""

    def __init__(self, clock):
        self.clock = clock
        self.waits_s = 0.0
        self.valid = {("key", digest(KEY)), ("session", digest(SESSION))}
        self.asked = 0
        self.away = False

    def __call__(self, kind, presented):
        self.asked += 1
        if self.away:
            self.clock.now += self.waits_s
            raise UnavailableError
        return Found(ANNA, 1000.0) if (kind, presented) in self.valid else None


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def accounts(clock):
    return Accounts(clock)


@pytest.fixture
def clock():
    return Clock()


def gate(accounts, clock, auth="required", operator=None):
    return AccountGate(auth, digest(operator) if operator else None, accounts, clock)


def with_key(key):
    return {"REQUEST_METHOD": "POST", "HTTP_AUTHORIZATION": f"Bearer {key}"}


def with_session(token=SESSION, **more):
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json"}
    return {**environ, "HTTP_COOKIE": f"a=b; session={token}", "HTTP_HOST": "here", **more}


def status(gate, environ, scope="predict"):
    with pytest.raises(RefusedError) as refused:
        gate.caller(environ, scope)
    return refused.value.status


@pytest.mark.parametrize("auth", ["open", "required"])
def test_key_and_session_say_who_it_is(accounts, clock, auth):
    """A valid credential names its user, whatever the setting; the scheme's case is no matter."""
    found = gate(accounts, clock, auth)
    assert found.caller(with_key(KEY), "predict") == ANNA
    assert found.caller({"HTTP_AUTHORIZATION": f"bearer {KEY}"}, "predict") == ANNA
    assert found.caller(with_session(), "predict") == ANNA


@pytest.mark.parametrize("auth", ["open", "required"])
def test_what_is_presented_must_be_valid(accounts, clock, auth):
    """A wrong key or session is refused even where nobody needs one; so is a missing scope."""
    found = gate(accounts, clock, auth)
    assert status(found, with_key("mlops_wrong")) == 401
    assert status(found, with_key("")) == 401
    assert status(found, with_session("wrong")) == 401
    assert status(found, with_key(SESSION)) == 401
    assert status(found, with_key(KEY), "manage") == 403


def test_presenting_nothing(accounts, clock):
    """Open admits it as anyone, required does not, and neither asks the database."""
    assert gate(accounts, clock, "open").caller({}, "manage") is ANYONE
    assert status(gate(accounts, clock), {}) == 401
    basic = {"HTTP_AUTHORIZATION": "Basic YTpi"}
    assert status(gate(accounts, clock), basic) == 401
    assert accounts.asked == 0


def test_operator_key_needs_no_database(accounts, clock):
    """The built-in key has all scopes; one character less has none."""
    key = "an-operators-key-of-more-than-32-characters"
    found = gate(accounts, clock, operator=key)
    accounts.away = True
    assert found.caller(with_key(key), "manage") is OPERATOR
    accounts.away = False
    assert status(found, with_key(key[:-1])) == 401


def test_database_is_asked_once_in_some_seconds(accounts, clock):
    """A known key costs no look-up; revoking it takes effect within those seconds."""
    found = gate(accounts, clock)
    for _ in range(100):
        found.caller(with_key(KEY), "predict")
    assert accounts.asked == 1
    accounts.valid.clear()
    clock.now += LIFE_S / 2
    assert found.caller(with_key(KEY), "predict") == ANNA
    clock.now += LIFE_S / 2
    assert status(found, with_key(KEY)) == 401


def test_known_keys_stay_good_while_the_database_is_away(accounts, clock):
    """Predictions go on for who was known; strangers get 503; an expired key stays expired."""
    found = gate(accounts, clock)
    found.caller(with_key(KEY), "predict")
    accounts.away = True
    clock.now += 500
    assert found.caller(with_key(KEY), "predict") == ANNA
    assert found.caller(with_key(KEY), "predict") == ANNA
    assert accounts.asked == 2
    assert status(found, with_key("mlops_other")) == 503
    clock.now = 1000.0
    assert status(found, with_key(KEY)) == 401


def test_a_silent_database_is_waited_for_once_in_some_seconds(accounts, clock):
    """A stranger's keys cost one wait, not one each; then it is asked again, and all is well."""
    found = gate(accounts, clock)
    found.caller(with_key(KEY), "predict")
    clock.now += LIFE_S
    accounts.away, accounts.waits_s = True, 2 * LIFE_S
    for at in range(100):
        assert status(found, with_key(f"mlops_{at}")) == 503
    assert found.caller(with_key(KEY), "predict") == ANNA
    assert accounts.asked == 2
    accounts.away = False
    assert status(found, with_key("mlops_other")) == 503
    clock.now += LIFE_S
    assert status(found, with_key("mlops_other")) == 401
    assert accounts.asked == 3


def test_guessed_keys_fill_no_memory(accounts, clock):
    """Wrong keys are not remembered, and of right ones no more than a bound."""
    found = gate(accounts, clock)
    for at in range(100):
        assert status(found, with_key(f"mlops_{at}")) == 401
    assert len(found._known) == 0
    for at in range(MOST_KNOWN + 10):
        accounts.valid.add(("key", digest(str(at))))
        found.caller(with_key(str(at)), "predict")
    assert len(found._known) <= MOST_KNOWN


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "same-site"},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "https://here.evil.example"},
    ],
)
@pytest.mark.parametrize("auth", ["open", "required"])
def test_another_sites_page_can_do_nothing(accounts, clock, auth, headers):
    """A browser that another site drives is refused, with a session and without one."""
    found = gate(accounts, clock, auth)
    assert status(found, with_session(**headers)) == 403
    if auth == "open":
        assert status(found, {"REQUEST_METHOD": "POST", "HTTP_HOST": "here", **headers}) == 403


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, True),
        ({"HTTP_ORIGIN": "https://here"}, True),
        ({}, True),
        ({"CONTENT_TYPE": "text/plain"}, False),
        ({"CONTENT_TYPE": "text/plain", "HTTP_SEC_FETCH_SITE": "same-origin"}, True),
        ({"REQUEST_METHOD": "GET", "HTTP_SEC_FETCH_SITE": "cross-site"}, True),
    ],
)
def test_our_own_pages_and_programs_are_admitted(accounts, clock, headers, admitted):
    """A session works from our page, from a program with JSON, and for links from anywhere."""
    found = gate(accounts, clock)
    if admitted:
        assert found.caller(with_session(**headers), "predict") == ANNA
    else:
        assert status(found, with_session(**headers)) == 403


def test_a_known_key_costs_microseconds(accounts, clock):
    """The hot path's share of the gate is well under 50 microseconds (here: some 2)."""
    found, environ = gate(accounts, clock), with_key(KEY)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(1000):
            found.caller(environ, "predict")
        best = min(best, (time.perf_counter() - started) / 1000)
    assert best < 50e-6


@pytest.mark.parametrize("content", [None, b"", b"short", b"\xff" * 40])
def test_operator_key_that_cannot_be_used_stops_the_start(tmp_path, content):
    """A missing, short or unreadable key is named, and the service does not start without it."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="OPERATOR_KEY_FILE="):
        operator_digest(path)


def test_operator_key_is_read_without_its_newline(tmp_path):
    """The file may end as editors end it."""
    (tmp_path / "key").write_text("k" * 40 + "\n")
    assert operator_digest(tmp_path / "key") == digest("k" * 40)
    assert operator_digest(None) is None
