"""What the agents tell of the edge and its certificate."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.status import queries
from infra.onhost import edge_watch
from monitoring import alerts
from tests.infra.edge_process import Edge


def certificate(begins, ends):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ml.example.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(begins).not_valid_after(ends)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("year", [1999, 2026, 2049, 2050, 2099])
def test_times_are_read_as_they_were_written(year):
    """Both of the forms that a certificate may have, whose border is 2050."""
    begins = datetime(year, 3, 1, 12, 30, 15, tzinfo=UTC)
    for ends in (begins + timedelta(hours=12), begins + timedelta(days=400)):
        read = edge_watch.validity(certificate(begins, ends))
        assert read == (begins.timestamp(), ends.timestamp())


def test_what_is_no_certificate_is_refused():
    """Rather than told as some time."""
    with pytest.raises(ValueError, match="no times of validity in 3 bytes"):
        edge_watch.validity(b"abc")


def told(folder):
    lines = (folder / edge_watch.FILE).read_text().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def gone(port, name):
    message = f"{name}:{port}"
    raise ConnectionRefusedError(message)


def test_an_edge_that_does_not_answer_is_told(tmp_path):
    """Without the certificate of before, which may have been mended meanwhile."""
    edge_watch.watch(tmp_path, 443, "127.0.0.1", gone)
    assert told(tmp_path) == {"edge_up": 0}


def test_the_edge_is_not_asked_all_the_time(tmp_path):
    """A loop that turns quickly may call this each time."""
    edge_watch.watch(tmp_path, 443, "127.0.0.1", gone)
    now = datetime.now(UTC).replace(microsecond=0)
    good = certificate(now, now + timedelta(hours=12))
    edge_watch.watch(tmp_path, 443, "127.0.0.1", lambda *_: good)
    assert told(tmp_path)["edge_up"] == 0
    os.utime(tmp_path / edge_watch.FILE, (1, 1))
    edge_watch.watch(tmp_path, 443, "127.0.0.1", lambda *_: good)
    assert told(tmp_path)[edge_watch.BEGINS] == now.timestamp()
    assert list(tmp_path.iterdir()) == [tmp_path / edge_watch.FILE]


def test_nothing_is_written_before_the_data_disk_is_there(tmp_path):
    """The folder is the agent's to make, with the right owner."""
    edge_watch.watch(tmp_path / "none", 443, "127.0.0.1", gone)
    assert list(tmp_path.iterdir()) == []


def test_a_real_edge_shows_how_long_its_certificate_lasts(tmp_path, local):
    """Caddy's own authority gives half a day."""
    edge = Edge(tmp_path / "edge", local).await_ready()
    try:
        edge_watch.watch(tmp_path, edge.port, "127.0.0.1")
    finally:
        edge.stop()
    shown = told(tmp_path)
    assert shown["edge_up"] == 1
    now = datetime.now(UTC).timestamp()
    assert shown[edge_watch.BEGINS] < now < shown[edge_watch.ENDS] < now + 13 * 3600


def test_the_alerts_ask_for_what_is_told():
    """The two sides can't import each other."""
    assert (edge_watch.UP, edge_watch.BEGINS, edge_watch.ENDS) == (
        queries.EDGE_UP,
        alerts.CERTIFICATE_BEGINS,
        alerts.CERTIFICATE_ENDS,
    )
