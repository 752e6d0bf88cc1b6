"""Tells browsers what a page of this service never does."""

from flask import Response, request

from app.origin import is_https

# No script, style, frame or form target from anywhere else, and none inside a page's text.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HSTS_S = 63_072_000


def secure(response: Response) -> Response:
    """Add the headers; those of pages to pages only."""
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
    if is_https(request.environ):
        headers["Strict-Transport-Security"] = f"max-age={HSTS_S}"
    return response
