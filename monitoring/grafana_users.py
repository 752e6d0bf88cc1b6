"""Makes Grafana's users those of the stack's settings: `python -m monitoring.grafana_users`.

Grafana takes dashboards from files, but users only by its HTTP API. This runs once for each bundle.
"""

import base64
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLES = ("Viewer", "Editor", "Admin")
ADMIN = "admin"
MADE_HERE = "@stack.invalid"
"""Ends the address of a user whom the stack has made: the others are nobody's business here."""
TIMEOUT_S = 10.0

Call = Callable[[str, str, Mapping[str, Any] | None], Any]
"""Sends a method, a path and a body to Grafana; returns its answer."""


class GrafanaError(Exception):
    """Grafana refuses, is not reachable, or has a user of that name already."""


@dataclass(frozen=True)
class Client:
    """Grafana's HTTP API, as its administrator."""

    url: str
    password: str

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Send one request and return what the answer holds.

        Raises
        ------
        GrafanaError
            It refuses, or is not reachable.
        """
        login = base64.b64encode(f"{ADMIN}:{self.password}".encode()).decode()
        sent = urllib.request.Request(  # noqa: S310 - an address of this stack
            f"{self.url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Basic {login}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(sent, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(300).decode(errors="replace")
            message = f"{method} {path}: Grafana answered {error.code}: {said}"
            raise GrafanaError(message) from error
        except (OSError, ValueError) as error:
            message = f"{method} {path}: Grafana at {self.url} is not reachable: {error}"
            raise GrafanaError(message) from error


def text(users: Mapping[str, str]) -> str:
    """Return logins and roles as `ana=Editor ben=Viewer`."""
    return " ".join(f"{login}={role}" for login, role in sorted(users.items()))


def parse(users: str) -> dict[str, str]:
    """Read back what `text` wrote."""
    return dict(user.split("=") for user in users.split())


def settle(call: Call, wanted: Mapping[str, str], passwords: Mapping[str, str]) -> list[str]:
    """Make, change and remove users until they are those that are wanted; say what was done.

    Users whom somebody made in Grafana stay. A password is set when its user is made: from then on
    it is the user's own.

    Parameters
    ----------
    call
        Grafana's HTTP API.
    wanted
        Each login's role.
    passwords
        Each login's first password.

    Raises
    ------
    GrafanaError
        A login belongs to somebody whom the stack has not made, or Grafana refuses.
    """
    found = {user["login"]: user for user in call("GET", "/api/org/users", None)}
    foreign = [login for login in wanted if login in found and not _is_ours(found[login])]
    if foreign:
        message = f"{', '.join(foreign)}: made in Grafana, not by the stack: choose another login"
        raise GrafanaError(message)
    done = []
    for login, role in wanted.items():
        if login not in found:
            _make(call, login, role, passwords[login])
            done.append(f"{login} is made, as {role}")
        elif found[login]["role"] != role:
            call("PATCH", f"/api/org/users/{found[login]['userId']}", {"role": role})
            done.append(f"{login} is {role} now")
    for login, user in found.items():
        if _is_ours(user) and login not in wanted:
            call("DELETE", f"/api/admin/users/{user['userId']}", None)
            done.append(f"{login} is removed")
    return done


def _is_ours(user: Mapping[str, Any]) -> bool:
    return str(user["email"]).endswith(MADE_HERE)


def _make(call: Call, login: str, role: str, password: str) -> None:
    address = f"{login}{MADE_HERE}"
    new = {"name": login, "login": login, "email": address, "password": password, "OrgId": 1}
    made = call("POST", "/api/admin/users", new)
    call("PATCH", f"/api/org/users/{made['id']}", {"role": role})


def main(environment: Mapping[str, str]) -> int:
    """Settle the users that the environment tells of; return the exit status."""
    admin, users = (
        Path(environment[name]).read_text().strip()
        for name in ("GRAFANA_PASSWORD_FILE", "GRAFANA_USER_PASSWORDS_FILE")
    )
    client = Client(environment["GRAFANA_URL"], admin)
    try:
        done = settle(client, parse(environment["GRAFANA_USERS"]), json.loads(users))
    except GrafanaError as error:
        sys.stderr.write(f"Grafana's users are not as the stack sets them: {error}\n")
        return 1
    sys.stderr.write("".join(f"{sentence}\n" for sentence in done))
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
