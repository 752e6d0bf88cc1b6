"""The routes of accounts, and which function answers each; they are imported when first asked."""

from flask import Blueprint, Response

from app.caller import RefusedError
from app.late import late

ROUTES = (
    ("GET", "/register", "entrance", "register_page"),
    ("POST", "/register", "entrance", "register"),
    ("GET", "/login", "entrance", "login_page"),
    ("POST", "/login", "entrance", "login"),
    ("POST", "/logout", "entrance", "logout"),
    ("GET", "/account", "account", "account_page"),
    ("GET", "/keys", "account", "list_keys"),
    ("POST", "/keys", "account", "make_key"),
    ("DELETE", "/keys/<int:key_id>", "account", "revoke_key"),
    # A form can do no DELETE.
    ("POST", "/keys/<int:key_id>/revoke", "account", "revoke_key_form"),
    ("POST", "/invitations", "account", "make_invitation"),
)

accounts = Blueprint("accounts", __name__, template_folder="templates")
for method, rule, module, name in ROUTES:
    accounts.add_url_rule(rule, name, late(f"app.accounts.{module}", name), methods=[method])
accounts.register_error_handler(RefusedError, late("app.accounts.answers", "refused"))


@accounts.after_request
def _keep_to_yourself(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
