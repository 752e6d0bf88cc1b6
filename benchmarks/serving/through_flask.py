"""The service without its hot path: every request takes Flask's whole way."""

import inspect

from app.wsgi import app

app.wsgi_app = getattr(app.wsgi_app, "flask", app.wsgi_app)  # type: ignore[method-assign]
if not inspect.ismethod(app.wsgi_app):
    MESSAGE = f"{type(app.wsgi_app).__name__} is still in front of Flask, and would be measured"
    raise TypeError(MESSAGE)
