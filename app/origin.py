"""Pure: where a request came from: its address, its scheme, and whether another site sent it.

The edge is the only one that reaches this service from outside, and it replaces X-Forwarded-* by
its own. They are believed when the sender is on this machine or its private network, which the
edge is; anybody else is who they are.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

Environ = Mapping[str, Any]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

FORM_TYPES = ("", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a page of another site can send without asking first."""


def is_https(environ: Environ) -> bool:
    """Return whether the caller speaks TLS, to the edge or to this process."""
    if _behind_edge(environ) and (proto := environ.get("HTTP_X_FORWARDED_PROTO")):
        return str(proto).strip().lower() == "https"
    return environ.get("wsgi.url_scheme") == "https"


def address(environ: Environ) -> str:
    """Return the caller's address: the one that the edge saw, or the connection's own."""
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    if forwarded and _behind_edge(environ):
        # The last one is what the edge saw itself; those before are what it was told.
        found = _address(forwarded.rsplit(",", 1)[-1])
        if found is not None:
            return str(found)
    return str(_address(str(environ.get("REMOTE_ADDR", ""))) or "unknown")


def is_cross_site(environ: Environ) -> bool:
    """Return whether a page of another site makes the browser send this request.

    Browsers of today say so in Sec-Fetch-Site, older ones in Origin. A request with neither comes
    from a program.
    """
    if environ.get("REQUEST_METHOD", "GET") in SAFE_METHODS:
        return False
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = environ.get("HTTP_ORIGIN")
    return origin is not None and urlsplit(str(origin)).netloc != environ.get("HTTP_HOST")


def could_be_a_form(environ: Environ) -> bool:
    """Return whether any page could have made a browser send this, with the user's cookies."""
    kind = str(environ.get("CONTENT_TYPE", "")).split(";", 1)[0].strip().lower()
    return environ.get("REQUEST_METHOD") == "POST" and kind in FORM_TYPES


def says_its_origin(environ: Environ) -> bool:
    """Return whether the sender is a browser that tells which site it acts for."""
    return "HTTP_SEC_FETCH_SITE" in environ or "HTTP_ORIGIN" in environ


def _behind_edge(environ: Environ) -> bool:
    sender = _address(str(environ.get("REMOTE_ADDR", "")))
    return sender is not None and sender.is_private


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
