"""The routes behind the page /status, and which function answers each, imported when asked."""

from flask import Blueprint
from flask.sansio.blueprints import BlueprintSetupState

from app.late import late

KEPT = "status"

status = Blueprint("status", __name__)
status.add_url_rule("/status/data", "data", late("app.status.views", "data"))
status.add_url_rule("/status/chart.js", "library", late("app.status.library", "library"))


@status.record
def _with_none_kept(state: BlueprintSetupState) -> None:
    state.app.extensions[KEPT] = {}
