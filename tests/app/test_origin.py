"""Where a request came from: what is believed, and of whom."""

import pytest

from app.origin import address, is_https

EDGE = {"REMOTE_ADDR": "172.18.0.5"}
STRANGER = {"REMOTE_ADDR": "8.8.8.8"}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({**EDGE, "HTTP_X_FORWARDED_FOR": "198.51.100.7"}, "198.51.100.7"),
        ({**EDGE, "HTTP_X_FORWARDED_FOR": "6.6.6.6, 198.51.100.7"}, "198.51.100.7"),
        ({**EDGE, "HTTP_X_FORWARDED_FOR": "2001:db8::1"}, "2001:db8::1"),
        ({**EDGE, "HTTP_X_FORWARDED_FOR": "nonsense"}, "172.18.0.5"),
        ({**STRANGER, "HTTP_X_FORWARDED_FOR": "198.51.100.7"}, "8.8.8.8"),
        (EDGE, "172.18.0.5"),
        ({}, "unknown"),
    ],
)
def test_address_is_the_one_that_the_edge_saw(environ, found):
    """What a caller claims of itself is not believed, only what the edge adds."""
    assert address(environ) == found


@pytest.mark.parametrize(
    ("environ", "https"),
    [
        ({**EDGE, "HTTP_X_FORWARDED_PROTO": "https", "wsgi.url_scheme": "http"}, True),
        ({**EDGE, "HTTP_X_FORWARDED_PROTO": "http", "wsgi.url_scheme": "https"}, False),
        ({**STRANGER, "HTTP_X_FORWARDED_PROTO": "https"}, False),
        ({**STRANGER, "wsgi.url_scheme": "https"}, True),
        ({}, False),
    ],
)
def test_scheme_is_the_one_that_the_edge_speaks(environ, https):
    """X-Forwarded-Proto counts from the edge alone."""
    assert is_https(environ) is https
