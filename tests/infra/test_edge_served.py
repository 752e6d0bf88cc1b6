"""The edge as people meet it: a real Caddy before stand-ins for the services."""

import base64
import dataclasses
import ipaddress
import socket
import ssl
import warnings

import psutil
import pytest

from infra.credentials import OPERATOR
from infra.edge import API_BODY_LIMIT, HSTS_S, HTTP_PORT, TOOLS_BODY_LIMIT
from tests.infra.edge_process import PASSWORD, Edge
from tests.ports import free_port

MB = 1_000_000


def login(password):
    return {
        "Authorization": "Basic " + base64.b64encode(f"{OPERATOR}:{password}".encode()).decode()
    }


@pytest.fixture(scope="module")
def edge(tmp_path_factory, local):
    made = Edge(tmp_path_factory.mktemp("edge"), local)
    try:
        yield made.await_ready()
    finally:
        made.stop()


def test_predictions_pass(edge):
    """Path, query and body reach the API; no login is asked for."""
    seen = edge.ask("/predict?model=m", "POST", b"{}").seen()
    assert (seen["service"], seen["path"], seen["body_bytes"]) == (
        "xgboost-api",
        "/predict?model=m",
        2,
    )
    assert edge.ask("/").seen()["service"] == "xgboost-api"


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "//metrics", "/%6Detrics", "/METRICS", "/metrics/", "/metrics/x"),
        *("/x/../metrics", "/./metrics", "/metrics?x=1"),
        *("/models/hook", "/models//hook", "/models/hook/", "/Models/Hook", "/models/%68ook"),
    ],
)
def test_what_services_tell_each_other_is_not_public(edge, path):
    """Metrics, and the hook by which MLflow tells of a moved alias, however the path is written."""
    assert edge.ask(path).status == 404
    assert edge.ask(path).body == b""


@pytest.mark.parametrize(
    ("path", "service", "arrives_as"),
    [
        ("/mlflow/", "mlflow", "/"),
        ("/mlflow/api/2.0/mlflow/runs/get?run_id=1", "mlflow", "/api/2.0/mlflow/runs/get?run_id=1"),
        ("/prometheus/graph", "prometheus", "/prometheus/graph"),
        ("/alertmanager/", "alertmanager", "/alertmanager/"),
        ("/retrainer/retrainings", "retrainer", "/retrainings"),
    ],
)
def test_what_is_inside_asks_for_the_login(edge, path, service, arrives_as):
    """The operator gets in, nobody else; the password ends at the edge."""
    assert edge.ask(path).status == 401
    assert edge.ask(path).headers["www-authenticate"].startswith("Basic ")
    for wrong in ("", "admin", PASSWORD + "x"):
        assert edge.ask(path, headers=login(wrong)).status == 401
    seen = edge.ask(path, headers=login(PASSWORD)).seen()
    assert (seen["service"], seen["path"]) == (service, arrives_as)
    assert "authorization" not in seen["headers"]


@pytest.mark.parametrize(
    "path",
    [
        *("/MLFLOW/", "//mlflow/", "/%6Dlflow/", "/x/../mlflow/", "/mlflow//", "/mlflow/%2e%2e/"),
        *("/prometheus/../mlflow/", "/mlflow/../predict", "/Prometheus/", "/grafana/../mlflow/"),
    ],
)
def test_no_way_of_writing_a_path_leads_inside(edge, path):
    """Without the login only the API and Grafana, which has its own, ever see a request."""
    answer = edge.ask(path)
    assert answer.status in {301, 302, 401} or answer.seen()["service"] in {
        "xgboost-api",
        "grafana",
    }


def test_grafana_has_its_own_login(edge):
    """Its tokens come in the header that the edge takes away elsewhere."""
    seen = edge.ask("/grafana/api/health", headers={"Authorization": "Bearer token"}).seen()
    assert (seen["service"], seen["path"]) == ("grafana", "/grafana/api/health")
    assert seen["headers"]["authorization"] == "Bearer token"


@pytest.mark.parametrize("name", ["mlflow", "prometheus", "alertmanager", "retrainer", "grafana"])
def test_the_slash_is_added(edge, name):
    """A person who leaves it out arrives all the same."""
    answer = edge.ask(f"/{name}")
    assert answer.status == 302
    assert answer.headers["location"] == f"/{name}/"


def test_the_address_that_a_client_claims_is_not_believed(edge):
    """What the API logs is who really came."""
    claimed = {
        "X-Forwarded-For": "198.51.100.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example.com",
        "X-Real-IP": "198.51.100.1",
        "Forwarded": "for=198.51.100.1",
    }
    seen = edge.ask("/predict", headers=claimed).seen()["headers"]
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == f"127.0.0.1:{edge.port}"
    assert not {"x-real-ip", "forwarded"} & set(seen)


def test_the_load_balancer_is_believed_about_who_came(dev, tmp_path):
    """It adds whom it answers at the end; what that one claimed before is nobody's word."""
    vpc = ipaddress.IPv4Network("127.0.0.0/16")
    made = Edge(tmp_path, dataclasses.replace(dev, profile="hardened", vpc_cidr=vpc))
    told = {
        "X-Forwarded-For": "192.0.2.9, 203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.com",
    }
    try:
        seen = made.await_ready().ask("/predict", headers=told).seen()["headers"]
    finally:
        made.stop()
    assert seen["x-forwarded-for"] == "203.0.113.7"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == f"127.0.0.1:{made.port}"


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/metrics", 404), ("/mlflow/", 401), ("/mlflow", 302)]
)
def test_every_answer_has_the_headers(edge, path, status):
    """The edge's own refusals too; a service's header does not come beside the edge's."""
    answer = edge.ask(path)
    assert answer.status == status
    assert answer.headers["strict-transport-security"] == f"max-age={HSTS_S}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "permissions-policy" in answer.headers
    assert not {"server", "via", "x-powered-by", "alt-svc"} & set(answer.headers)


def test_a_body_that_is_too_large_is_refused(edge):
    """With 413, before the service has to read it all; MLflow takes a model."""
    api, tools = (int(of.removesuffix("MB")) * MB for of in (API_BODY_LIMIT, TOOLS_BODY_LIMIT))
    assert edge.ask("/predict", "POST", bytes(api)).seen()["body_bytes"] == api
    for path, limit, headers in (
        ("/predict", api, {}),
        ("/grafana/", tools, {}),
        ("/prometheus/", tools, login(PASSWORD)),
    ):
        answer = edge.ask(path, "POST", bytes(limit + 1), headers)
        assert answer.status == 413
        assert "server" not in answer.headers
    larger = edge.ask("/mlflow/x", "PUT", bytes(limit + 1), login(PASSWORD))
    assert larger.seen()["body_bytes"] == limit + 1


def test_a_header_that_is_too_large_is_refused(edge):
    """Before anything behind the edge has to keep it."""
    assert edge.ask("/predict", headers={"X-Long": "x" * 64_000}).status == 431


def test_a_service_that_is_away_is_answered_for(edge, tmp_path, local):
    """502, with the headers, and not a word about what is behind."""
    del edge
    alone = Edge(tmp_path, local)
    try:
        alone.await_ready()
        for server in alone.servers:
            server.server_close()
        answer = alone.ask("/grafana/")
    finally:
        alone.stop()
    assert answer.status == 502
    assert "strict-transport-security" in answer.headers
    assert "server" not in answer.headers
    assert b"127.0.0.1" not in answer.body


def handshake(edge, version, **options):
    context = edge.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    if version < ssl.TLSVersion.TLSv1_2:
        # Or this machine's own OpenSSL would refuse before the edge is asked.
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h3", "h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", edge.port), timeout=5) as raw,
        context.wrap_socket(raw, **options) as secure,
    ):
        return secure.version(), secure.selected_alpn_protocol()


def test_old_versions_of_tls_are_refused(edge):
    """By the edge: it answers an alert that names the version."""
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises(ssl.SSLError, match=r"ALERT_PROTOCOL_VERSION|alert protocol version"):
            handshake(edge, version)
    assert handshake(edge, ssl.TLSVersion.TLSv1_2) == ("TLSv1.2", "h2")
    assert handshake(edge, ssl.TLSVersion.TLSv1_3) == ("TLSv1.3", "h2")


def test_only_its_port_listens_and_nothing_on_udp(edge):
    """No HTTP/3, no port 80, no administration, and nothing beyond loopback."""
    sockets = psutil.Process(edge.process.pid).net_connections("inet")
    assert [s for s in sockets if s.type == socket.SOCK_DGRAM] == []
    listening = {tuple(s.laddr) for s in sockets if s.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", edge.port)}


def test_the_hosts_probes_pass_while_a_domain_waits_for_its_certificate(dev, tmp_path):
    """Container and agent ask by address; what ACME does is no reason to take a bundle back."""
    closed, http = free_port(), free_port()

    def without_internet(text):
        assert f"http_port {HTTP_PORT}" in text
        return text.replace(
            f"http_port {HTTP_PORT}",
            f"http_port {http}\n\tacme_ca https://127.0.0.1:{closed}/directory",
        )

    settings = dataclasses.replace(dev, domain="ml.example.com")
    made = Edge(tmp_path, settings, "ml.example.com", without_internet)
    try:
        made.await_ready()
        assert made.ask("/readyz").seen()["service"] == "xgboost-api"
    finally:
        made.stop()
