"""The edge as a real process on a free port, before stand-ins for the services."""

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import bcrypt

from infra.credentials import login_line
from infra.edge import BEHIND_LOGIN, render_caddyfile
from tests.ports import free_port

SERVICES = ("xgboost-api", "grafana", *BEHIND_LOGIN)
CADDY = str(Path(sys.executable).with_name("caddy"))
PASSWORD = "a password that a test knows"


class Echo(BaseHTTPRequestHandler):
    """Answers with what reached it, and with headers that tell what it is made of."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        seen = {
            "service": self.server.service,
            "path": self.path,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body_bytes": len(self.rfile.read(length)),
        }
        text = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Frame-Options", "deny")
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer  # noqa: N815  # as http.server calls them

    def log_message(self, *_):
        pass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    def seen(self):
        return json.loads(self.body)


class Edge:
    """Caddy with a rendered Caddyfile.

    `name` is what people call it; `change` may alter the text, for what a test can't have; `real`
    has the addresses of services that are no stand-ins.
    """

    def __init__(
        self, folder: Path, settings, name="127.0.0.1", change=lambda text: text, real=None
    ):
        self.folder = folder
        self.port = free_port()
        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in SERVICES]
        for server, service in zip(self.servers, SERVICES, strict=True):
            server.service = service
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        where = {s.service: f"127.0.0.1:{s.server_port}" for s in self.servers} | (real or {})
        secrets = folder / "secrets"
        secrets.mkdir(parents=True)
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        (secrets / "operator-login").write_text(login_line(hashed))
        file = folder / "Caddyfile"
        file.write_text(change(render_caddyfile(settings, name, self.port, where, "127.0.0.1")))
        own = {"SECRETS": secrets, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [CADDY, "run", "--config", str(file), "--adapter", "caddyfile"],
                env={**os.environ, **{k: str(v) for k, v in own.items()}},
                stdout=log,
                stderr=log,
            )

    @property
    def root_certificate(self):
        return self.folder / "caddy/pki/authorities/local/root.crt"

    def await_ready(self, timeout_s=20.0):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.ask("/-/healthy").status == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        message = (self.folder / "log").read_text()
        raise AssertionError(message)

    def context(self):
        """Return how a client speaks to it who does not know its authority."""
        made = ssl.create_default_context()
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made

    def ask(self, path, method="GET", body=None, headers=None):
        """Send a request with the path as it is written."""
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.context())
        try:
            connection.request(method, path, body, headers or {})
            got = connection.getresponse()
            named = {k.lower(): v for k, v in got.getheaders()}
            assert len(named) == len(got.getheaders()), "a header comes twice"
            return Answer(got.status, named, got.read())
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        for server in self.servers:
            server.shutdown()
            server.server_close()
