"""Grafana's users, against a server that keeps users as its HTTP API's documentation says."""

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitoring import grafana_users
from monitoring.grafana_users import Client, GrafanaError, settle

PASSWORDS = {"ana": "first-of-ana", "ben": "first-of-ben"}


class Grafana(BaseHTTPRequestHandler):
    """The five calls; a user is made as a viewer, as `auto_assign_org_role` has it."""

    def _answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _handle(self):
        login = base64.b64encode(b"admin:of-the-admin").decode()
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        self.server.asked.append((self.command, self.path))
        if self.headers["Authorization"] != f"Basic {login}":
            self._answer(401, {"message": "Invalid username or password"})
            return
        users = self.server.users
        number = re.search(r"\d+$", self.path)
        known = users.get(int(number.group())) if number else None
        match self.command, re.sub(r"\d+$", "N", self.path):
            case "GET", "/grafana/api/org/users":
                self._answer(200, [{"userId": n, **user} for n, user in users.items()])
            case "POST", "/grafana/api/admin/users":
                new = max(users) + 1
                users[new] = {key: body[key] for key in ("login", "email")} | {"role": "Viewer"}
                self.server.passwords[body["login"]] = body["password"]
                self._answer(200, {"id": new, "message": "User created"})
            case "PATCH", "/grafana/api/org/users/N" if known:
                known["role"] = body["role"]
                self._answer(200, {"message": "Organization user updated"})
            case "DELETE", "/grafana/api/admin/users/N" if known:
                del users[int(number.group())]
                self._answer(200, {"message": "User deleted"})
            case _:
                self._answer(404, {"message": "not found"})

    do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - http.server's names

    def log_message(self, *_):
        pass


@pytest.fixture
def grafana():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Grafana)
    server.users = {1: {"login": "admin", "email": "admin@localhost", "role": "Admin"}}
    server.passwords, server.asked = {}, []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(grafana):
    return Client(f"http://127.0.0.1:{grafana.server_port}/grafana", "of-the-admin")


def roles(grafana):
    return {user["login"]: user["role"] for user in grafana.users.values()}


def test_users_are_made_with_role_and_password(grafana, client):
    """And a second run has nothing to do."""
    wanted = {"ana": "Editor", "ben": "Viewer"}
    assert settle(client, wanted, PASSWORDS) == ["ana is made, as Editor", "ben is made, as Viewer"]
    assert roles(grafana) == {"admin": "Admin", **wanted}
    assert grafana.passwords == PASSWORDS
    grafana.asked.clear()
    assert settle(client, wanted, PASSWORDS) == []
    assert grafana.asked == [("GET", "/grafana/api/org/users")]


def test_a_changed_role_is_changed_and_the_password_stays(grafana, client):
    """It is the user's own by then."""
    settle(client, {"ana": "Viewer"}, PASSWORDS)
    assert settle(client, {"ana": "Admin"}, {"ana": "another"}) == ["ana is Admin now"]
    assert roles(grafana) == {"admin": "Admin", "ana": "Admin"}
    assert grafana.passwords == {"ana": "first-of-ana"}


def test_who_is_set_no_more_is_removed_and_the_others_stay(grafana, client):
    """Somebody whom the administrator made in Grafana is not the stack's."""
    grafana.users[7] = {"login": "eve", "email": "eve@example.com", "role": "Editor"}
    settle(client, {"ana": "Viewer", "ben": "Viewer"}, PASSWORDS)
    assert settle(client, {"ben": "Viewer"}, PASSWORDS) == ["ana is removed"]
    assert set(roles(grafana)) == {"admin", "eve", "ben"}


def test_a_login_made_in_grafana_is_not_taken_over(grafana, client):
    """Nothing is changed then."""
    grafana.users[7] = {"login": "ana", "email": "ana@example.com", "role": "Viewer"}
    with pytest.raises(GrafanaError, match="ana: made in Grafana"):
        settle(client, {"ben": "Viewer", "ana": "Admin"}, PASSWORDS)
    assert roles(grafana) == {"admin": "Admin", "ana": "Viewer"}


def test_a_refusal_and_a_silence_are_told_without_the_password(grafana, client, tmp_path, capsys):
    """By the command's status and one sentence."""
    files = {
        "GRAFANA_PASSWORD_FILE": "wrong-one",
        "GRAFANA_USER_PASSWORDS_FILE": '{"ana": "drawn"}',
    }
    environment = {"GRAFANA_URL": client.url, "GRAFANA_USERS": "ana=Viewer"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        environment[name] = str(tmp_path / name)
    assert grafana_users.main(environment) == 1
    assert "Grafana answered 401" in (said := capsys.readouterr().err)
    assert "wrong-one" not in said
    (tmp_path / "GRAFANA_PASSWORD_FILE").write_text("of-the-admin\n")
    assert grafana_users.main(environment) == 0
    assert roles(grafana)["ana"] == "Viewer"
    assert grafana_users.main({**environment, "GRAFANA_URL": "http://127.0.0.1:9"}) == 1
    assert "is not reachable" in capsys.readouterr().err
