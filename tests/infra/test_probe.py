"""The wait for the first prediction."""

import datetime as dt
import json
import socket
import ssl
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra import probe
from infra.errors import UserError
from infra.probe import Answer, Trust, ask, await_prediction
from infra.status import HostStatus, parse

PRICE = Answer(prediction={"predictions": [4.5]})


class Host:
    """A host with scripted reports and answers; the last of each repeats."""

    def __init__(self, reports, answers=(PRICE,), lost=""):
        self._reports, self._answers = list(reports), list(answers)
        self._lost = lost
        self.asked = 0

    def report(self):
        return self._reports.pop(0) if len(self._reports) > 1 else self._reports[0]

    def predict(self):
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def lost(self):
        return self._lost

    def diagnose(self, *, reported):
        return [f"reported: {reported}", "  the end of its log"]


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def wait(host, timeout_s=120.0, said=None):
    """Wait without waiting."""
    clock, told = Clock(), [] if said is None else said
    return await_prediction("new", timeout_s, host, say=told.append, sleep=clock.sleep, clock=clock)


def test_it_waits_for_the_new_bundle():
    """An answer of the host's old services is no answer."""
    host = Host([None, HostStatus("old"), HostStatus("new")])
    assert wait(host) == {"predictions": [4.5]}
    assert host.asked == 1


def test_a_failure_on_the_host_ends_the_wait_with_its_reason_and_log():
    """Nobody waits for a time-out that will come."""
    failed = HostStatus("new", 1, "first-training ended with exit status 1", ("no data",))
    with pytest.raises(UserError, match=r"(?s)exit status 1.*no data"):
        wait(Host([HostStatus("new"), failed], [Answer(reason="503")]))


def test_failures_of_earlier_runs_are_history():
    """A mended fault must not fail the next update."""
    assert wait(Host([HostStatus("new", failures=3)])) == {"predictions": [4.5]}


def test_a_host_that_took_anothers_place_counts_from_the_beginning():
    """The last report of the one before lies in the bucket until the new one writes its own."""
    old, once, twice = (HostStatus("new", n, "boom") for n in (3, 1, 2))
    with pytest.raises(UserError, match="boom"):
        wait(Host([old, old, once, once, twice], [Answer(reason="503")]))


def test_a_failure_before_the_first_report_counts():
    """The host was made by this update: its first failure is news."""
    with pytest.raises(UserError, match="boom"):
        wait(Host([None, HostStatus("new", 1, "boom")]))


@pytest.mark.parametrize(
    ("report", "said"),
    [(None, "not reported"), (HostStatus("old"), "runs bundle old"), (HostStatus("new"), "503")],
)
def test_a_time_out_says_what_was_missing(report, said):
    """The last thing seen is in the message, then what AWS knows, then what to do."""
    with pytest.raises(UserError) as over:
        wait(Host([report], [Answer(reason="answered 503")]))
    first, *more, last = str(over.value).splitlines()
    assert first.startswith("no prediction after 120 s")
    assert said in first
    assert more == [f"reported: {report is not None}", "  the end of its log"]
    assert "`pulumi up` again" in last


def test_a_lost_host_ends_the_wait_early():
    """A terminated instance will not answer, however long the time-out is."""
    said = []
    with pytest.raises(UserError, match=r"(?s)^the host is gone.*the end of its log"):
        wait(Host([None], lost="the host is gone"), timeout_s=900, said=said)
    assert said == []


def test_the_wait_tells_what_it_waits_for():
    """Fifteen silent minutes look like a hang."""
    said = []
    with pytest.raises(UserError):
        wait(Host([None, *[HostStatus("old")] * 150]), said=said)
    assert [line.split(":")[0] for line in said] == [
        f"waiting for a prediction, {s} of at most 120 s" for s in (30, 60, 90)
    ]
    assert "runs bundle old" in said[-1]


def test_a_dead_service_is_a_reason_and_not_an_error():
    """Asking a closed port says which."""
    assert "127.0.0.1:9/" in ask("http://127.0.0.1:9/predict").reason


def test_a_report_survives_the_bucket():
    """What the host writes is what the program reads."""
    report = HostStatus("d", 2, "why", ("a", "b"), {"mlflow": "healthy"})
    assert parse(report.text()) == report
    with pytest.raises(ValueError, match="no host status"):
        parse("{}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate for localhost that only who is given it trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("edge") / "edge.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


KEY = "the operator's key"


class Predicts(BaseHTTPRequestHandler):
    """Answers every question with one price; at /closed it asks for the key."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/closed" and self.headers["Authorization"] != f"Bearer {KEY}":
            self.send_error(401)
            return
        body = json.dumps({"predictions": [4.5]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_error(503 if self.path == "/young/readyz" else 200)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def edge(certificate):
    """Serve predictions over TLS; give the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = HTTPServer(("127.0.0.1", 0), Predicts)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_asked_whatever_its_certificate(edge):
    """No public authority signs for an address: the edge has its own."""
    assert ask(f"https://127.0.0.1:{edge}/predict") == PRICE


def test_a_service_that_is_not_ready_is_asked_for_nothing(edge):
    """It would refuse for want of a model, and count that as a failure of its own."""
    found = ask(f"https://127.0.0.1:{edge}/young/predict")
    assert found.prediction is None
    assert "/young/readyz answered 503" in found.reason


def test_a_domain_must_have_a_certificate_that_clients_trust(edge, certificate, monkeypatch):
    """`up` does not end well with a service that every client refuses."""
    url = f"https://localhost:{edge}/predict"
    refused = ask(url, Trust(verified=True))
    assert refused.prediction is None
    assert "CERTIFICATE_VERIFY_FAILED" in refused.reason
    assert "public_ip" in refused.reason
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask(url, Trust(verified=True)) == PRICE


def test_a_certificate_of_another_name_is_none(edge, certificate, monkeypatch):
    """Trusted, but for another name than the one asked."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask(f"https://127.0.0.1:{edge}/predict", Trust(verified=True)).prediction is None


def test_a_service_that_asks_for_a_key_is_shown_the_operators(edge):
    """Asked by the address of this very machine: nobody else can answer there."""
    url = f"https://127.0.0.1:{edge}/closed"
    assert ask(url, key=KEY) == PRICE
    assert "answered 401" in ask(url).reason
    assert "answered 401" in ask(url, key="another key").reason


def test_no_key_goes_to_who_may_be_anybody(edge, certificate):
    """Its own authority's certificate, which the host reports, proves who it is."""
    url = f"https://localhost:{edge}/closed"
    asked = ask(url, key=KEY)
    assert asked != PRICE
    assert "shown none" in asked.prediction["answered"]
    authority = certificate.read_text()
    assert ask(url, Trust(authority=authority), KEY) == PRICE
    stranger = ask(f"https://127.0.0.1:{edge}/closed", Trust(authority=authority), KEY)
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.reason


def test_a_domain_that_nobody_knows_says_what_it_needs():
    """The first `up` comes before the name: the second one says what is missing."""
    unknown = urllib.error.URLError(socket.gaierror("Name or service not known"))
    assert "A record" in probe._hint(unknown)
    assert probe._hint(urllib.error.URLError(ConnectionRefusedError())) == ""
