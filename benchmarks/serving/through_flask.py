"""The service without its hot path: every request takes Flask's whole way."""

from flask import Flask

from app import wsgi


def _flask(application: object) -> Flask:
    """Return the Flask application, which the hot path holds as `app`."""
    if isinstance(application, Flask):
        return application
    inner = getattr(application, "app", None)
    if not isinstance(inner, Flask):
        message = f"{type(application).__name__} holds no Flask application as `app`"
        raise TypeError(message)
    return inner


app = _flask(wsgi.app)
