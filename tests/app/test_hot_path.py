"""Both doors to /predict: the lane in front of Flask, and Flask's own view."""

import dataclasses
import gzip
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.caller import Caller, RefusedError
from app.example import EXAMPLE_BODY
from app.factory import create_app
from app.hot_path import HotPath
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from tests.app.doors import Got, call, environ
from tests.app.fakes import MODEL, SCHEMA, Broken, FakeChampion, FakeJournal

ROW = EXAMPLE_BODY["features"][0]
RECORD = dict(zip(SCHEMA.names, ROW, strict=True))
GOOD = json.dumps(EXAMPLE_BODY).encode()
CSV = ",".join(SCHEMA.names) + "\n" + ",".join(map(str, ROW))


class Locked:
    """Admits nobody, with the status that the test says."""

    def __init__(self, status: int) -> None:
        self.status, self.asked = status, 0

    def caller(self, _environ: object, scope: str) -> Caller:
        self.asked += 1
        raise RefusedError(self.status, f"this needs the scope {scope}")


def hot_path(**parts: object) -> HotPath:
    settings = parts.pop("settings", Settings())
    service = Service(settings, parts.pop("models", FakeChampion()), Metrics(), **parts)
    app = create_app(service)
    assert isinstance(app.wsgi_app, HotPath)
    return app.wsgi_app


def both(lane: HotPath, *args: object, **kwargs: object) -> tuple[Got, Got]:
    """Send a request through each door; ids are made equal."""
    found = (call(door, environ(*args, **kwargs)) for door in (lane, lane.flask))
    first, second = (
        got._replace(body=re.sub(rb'"[0-9a-f]{32}"', b'"an id"', got.body)) for got in found
    )
    return first, second


SENT = [
    (GOOD, "application/json"),
    (GOOD, "application/json; charset=utf-8"),
    (GOOD, "application/vnd.houses+json"),
    (json.dumps([RECORD, RECORD]).encode(), "application/json"),
    (json.dumps({name: [value] for name, value in RECORD.items()}).encode(), "application/json"),
    (CSV.encode(), "text/csv"),
    (CSV.replace("41", "forty").encode(), "text/csv"),
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"[" * 5000, "application/json"),
    (b'{"features": [[NaN]]}', "application/json"),
    (b'{"features": [["\\ud800", 1, 1, 1, 1, 1, 1, 1]]}', "application/json"),
    (b'{"\\ud800": 1}', "application/json"),
    (b'{"features": [], "features": []}', "application/json"),
    (GOOD.replace(b"8.3252", b"8325.2"), "application/json"),
    (GOOD, "text/plain"),
    (GOOD, ""),
    (GOOD, None),
    (b"\xff" * 100, "text/csv"),
]


@pytest.mark.parametrize(("body", "content_type"), SENT, ids=range(len(SENT)))
@pytest.mark.parametrize("query", ["", "model=california-housing", "model=other", "model=", "a=b"])
def test_both_doors_give_the_same_bytes(body, content_type, query):
    """Status, body, type and length are the same, whether a body is good or bad."""
    lane = hot_path(journal=FakeJournal())
    first, second = both(lane, body, content_type, query)
    assert first == second
    assert "error" in json.loads(first.body) or first.status == "200 OK"


@given(st.one_of(st.binary(max_size=200), st.text(alphabet='{}[]",:features0123.e- ')))
def test_both_doors_give_the_same_bytes_whatever_is_sent(body):
    """Any bytes get the same answer at both doors, and it is never a 500."""
    sent = body if isinstance(body, bytes) else body.encode()
    first, second = both(LANE, sent)
    assert first == second
    assert first.status[0] == "4"


LANE = hot_path()


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"gate": Locked(401)}, 401),
        ({"gate": Locked(403)}, 403),
        ({"gate": Locked(429)}, 429),
        ({"models": FakeChampion(None, "no champion yet")}, 503),
        ({"models": FakeChampion(dataclasses.replace(MODEL, predictor=Broken()))}, 500),
        ({"settings": Settings(max_rows=1)}, 400),
        ({"settings": Settings(max_body_bytes=10)}, 413),
    ],
)
def test_both_doors_refuse_alike(parts, status):
    """A gate, a missing or broken model and the limits answer the same at both doors."""
    two = json.dumps({"features": [ROW, ROW]}).encode()
    first, second = both(hot_path(**parts), two)
    assert first == second
    assert first.status.startswith(str(status))
    assert ("www-authenticate" in first.headers) == (status == 401)
    assert ("retry-after" in first.headers) == (status in {429, 503})


class Unsent:
    """A body that its sender never sends."""

    def read(self, *_: object) -> bytes:
        pytest.fail("it would wait here for ever")

    readline = readinto = read


@pytest.mark.parametrize("path", ["/predict", "/explain", "/invocations", "/v2/models/x/infer"])
@pytest.mark.parametrize("status", [401, 403, 503])
def test_who_is_refused_is_not_read(path, status):
    """Nobody without a key can keep a thread waiting for a body, and each door asks once."""
    gate = Locked(status)
    lane = hot_path(gate=gate)
    for count, door in enumerate((lane, lane.flask), start=1):
        request = environ(GOOD, PATH_INFO=path) | {"wsgi.input": Unsent()}
        assert call(door, request).status.startswith(str(status))
        assert gate.asked == count


def test_compressed_body_is_refused_at_both_doors():
    """A body in gzip, which could be a bomb, is not unpacked."""
    first, second = both(hot_path(), gzip.compress(GOOD), HTTP_CONTENT_ENCODING="gzip")
    assert first == second
    assert first.status.startswith("415")


def test_body_that_ends_early_is_refused_at_both_doors():
    """CSV of fewer rows than were sent is no answerable body."""
    first, second = both(hot_path(), CSV.encode(), "text/csv", CONTENT_LENGTH=str(len(CSV) + 1))
    assert first == second
    assert first.status.startswith("400")


@pytest.mark.parametrize("length", [None, "", "-1", "1e3", "9" * 5000, "\u0663"])
def test_length_that_is_none_is_left_to_flask(length):
    """Without a usable Content-Length the lane reads nothing; Flask says what is wrong."""
    more = {} if length is None else {"CONTENT_LENGTH": length}
    request = environ(GOOD, **more)
    if length is None:
        del request["CONTENT_LENGTH"]
    assert call(hot_path(), request).status[0] == "4"


def test_body_in_pieces_is_answered():
    """A body without a length, which the server ends (chunked), is answered by Flask's view."""
    request = environ(GOOD) | {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert call(hot_path(), request).status == "200 OK"


@pytest.mark.parametrize(
    "change", [{"REQUEST_METHOD": "GET"}, {"PATH_INFO": "/predict/"}, {"PATH_INFO": "/healthz"}]
)
def test_everything_else_is_flasks(change):
    """Another method or path, however near, is not answered by the lane."""
    request = environ(GOOD) | change
    lane = hot_path()
    assert call(lane, dict(request)) == call(lane.flask, dict(request))
