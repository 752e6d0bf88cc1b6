"""What the API tells of itself, asked of a server that tells what it is told to."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from monitoring.retrainer.api_figures import serves, violations

FIGURES = b"""\
# TYPE model_version_info gauge
model_version_info{model="houses",run_id="r",version="7"} 1.0
model_version_info{model="boats",run_id="r",version="8"} 1.0
# TYPE prediction_violations_total counter
prediction_violations_total{column="MedInc"} 3.0
prediction_violations_total{column="Latitude"} 1.0
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
    assert violations("http://127.0.0.1:9") is None


def test_the_api_says_what_it_refused(api):
    """By column; an API without figures has refused nothing that is known."""
    assert violations(api.url) == {"MedInc": 3.0, "Latitude": 1.0}
    api.says = b"\xff\xfe"
    assert violations(api.url) is None
