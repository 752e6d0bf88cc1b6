"""Whether the API serves a version: as its figures say, and how long that is waited for."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from monitoring.retrainer.served import PATIENCE_S, REFUSES_AFTER_S, serves, watch

FIGURES = b"""\
# TYPE model_version_info gauge
model_version_info{model="houses",run_id="r",version="7"} 1.0
model_version_info{model="boats",run_id="r",version="8"} 1.0
"""


@pytest.fixture
def api():
    """Answers with what it is told, as bytes of /metrics."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.server.says)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.says = FIGURES
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_api_says_which_version_it_serves(api):
    """Of the model that is asked for, and no other."""
    assert serves(api.url, "houses", "7") is True
    assert serves(api.url, "houses", "8") is False
    assert serves(api.url, "cars", "7") is False


@pytest.mark.parametrize("says", [b"", b"<html>", b"\xff\xfe", b"model_version_info{model="])
def test_an_answer_without_figures_is_none_with_the_version(api, says):
    """Whatever answers there: it is not taken for the API that serves it."""
    api.says = says
    assert not serves(api.url, "houses", "7")


def test_nobody_there_is_no_answer():
    """A port where nothing listens."""
    assert serves("http://127.0.0.1:9", "houses", "7") is None


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def watched(look):
    clock = Clock()
    began = clock.now
    return watch(lambda: look(clock.now - began), clock, clock.sleep), clock.now - began


def test_served_is_seen_at_once():
    """The wait ends with the first answer that has it."""
    assert watched(lambda at: at >= 3.0) == ("served", 3.0)


def test_an_api_that_answers_without_it_refuses_it():
    """After a minute of such answers."""
    verdict, took = watched(lambda _at: False)
    assert (verdict, REFUSES_AFTER_S <= took < REFUSES_AFTER_S + 1) == ("not served", True)


def test_an_api_that_is_away_refuses_nothing():
    """The version stays; that it was not seen is all that can be said."""
    verdict, took = watched(lambda _at: None)
    assert (verdict, PATIENCE_S <= took < PATIENCE_S + 1) == ("not seen", True)


def test_an_api_that_comes_back_has_its_minute_anew():
    """While it starts it may answer before it has followed."""
    assert watched(lambda at: None if 50 <= at < 55 else at >= 100)[0] == "served"
