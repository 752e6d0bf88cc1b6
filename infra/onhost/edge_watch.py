"""Tells the node exporter whether the edge answers, and how long its certificate is valid.

Both agents do this: what Prometheus scrapes is behind the edge, and would not notice.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

FILE = "edge.prom"
"""In the folder that the node exporter reads texts from."""
EVERY_S = 30.0
TIMEOUT_S = 5.0
UP = "edge_up"
BEGINS = "edge_certificate_not_before_timestamp_seconds"
ENDS = "edge_certificate_not_after_timestamp_seconds"

TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
VALIDITY = re.compile(rb"\x30[\x1e-\x22]" + TIME + TIME, re.DOTALL)
"""RFC 5280, section 4.1: a sequence of two times, each a UTCTime or a GeneralizedTime."""

Fetch = Callable[[int, str], bytes]


def certificate_of_edge(port: int, name: str) -> bytes:
    """Return the certificate that the edge of this machine shows for a name, as DER.

    Raises
    ------
    OSError
        Nothing answers there, or not with TLS.
    """
    # Whether anybody trusts it is not asked: only when it ends.
    trusting = ssl._create_unverified_context()  # noqa: S323, SLF001  # loopback
    with (
        socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as plain,
        trusting.wrap_socket(plain, server_hostname=name) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def validity(der: bytes) -> tuple[int, int]:
    """Return when a certificate begins and ends to be valid, in Unix seconds.

    Raises
    ------
    ValueError
        It is no certificate.
    """
    found = VALIDITY.search(der)
    if not found:
        message = f"no times of validity in {len(der)} bytes"
        raise ValueError(message)
    early_short, early_long, late_short, late_long = found.groups()
    return _seconds(early_short, early_long), _seconds(late_short, late_long)


def _seconds(short: bytes | None, long: bytes | None) -> int:
    """Read a time; one with two digits of the year is of 1950 to 2049."""
    text = (long or b"").decode()
    if short is not None:
        century = "20" if short < b"50" else "19"
        text = century + short.decode()
    known = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)  # noqa: UP017
    return int(known.timestamp())


def watch(folder: Path, port: int, name: str, fetch: Fetch = certificate_of_edge) -> None:
    """Write what the edge shows now, unless that was just done.

    Parameters
    ----------
    folder
        Where the node exporter reads texts; while it is not there, nothing is done.
    port
        The edge's, on this machine.
    name
        The name that people call it by; an address has the certificate of its default.
    fetch
        Asks the edge.
    """
    file = folder / FILE
    if not folder.is_dir():
        return
    if file.exists() and 0 <= time.time() - file.stat().st_mtime < EVERY_S:
        return
    try:
        begins, ends = validity(fetch(port, name))
        told = f"{UP} 1\n{BEGINS} {begins}\n{ENDS} {ends}\n"
    except (OSError, ValueError):
        told = f"{UP} 0\n"
    # A file that is half there must not be read: the exporter takes *.prom only.
    half = file.with_suffix(".part")
    half.write_text(told)
    half.chmod(0o644)
    half.replace(file)
