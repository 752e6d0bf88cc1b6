"""The routes of history and feedback, and which function answers each, imported when asked."""

from flask import Blueprint

from app.late import late

ROUTES = (
    ("GET", "/predictions", "list_predictions"),
    ("GET", "/predictions/<prediction_id>", "show_prediction"),
    ("POST", "/feedback", "tell_feedback"),
)

history = Blueprint("history", __name__)
for method, rule, name in ROUTES:
    history.add_url_rule(rule, name, late("app.history.views", name), methods=[method])
