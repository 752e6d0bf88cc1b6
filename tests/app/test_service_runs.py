"""The service as it runs: two workers of a real server, one keeper, one database."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.accounts.gate import LIFE_S
from app.spool import segments
from app.spool.spool import Spool
from tests import postgres
from tests.app.records import one_id, prediction
from tests.app.site import OPERATOR_KEY, PASSWORD
from tests.ports import free_port

pytestmark = pytest.mark.e2e


class Server:
    """Granian with this application; every request is a connection of its own."""

    def __init__(self, folder: Path, **settings: str):
        self.port = free_port()
        (folder / "operator-key").write_text(OPERATOR_KEY)
        environment = {
            **os.environ,
            "AUTH": "required",
            "DATA_DIR": str(folder / "data"),
            "OPERATOR_KEY_FILE": str(folder / "operator-key"),
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
            **settings,
        }
        self.log = (folder / "log").open("wb")
        command = f"granian --interface wsgi app.wsgi:app --port {self.port} --workers 2"
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command.split(), "--respawn-failed-workers"],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=self.log,
            stderr=self.log,
        )

    def ask(self, method, path, body=None, **headers):
        """Return status, headers and parsed body."""
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, json.load(error)

    def until(self, status, method, path, **headers):
        """Ask until the answer has this status."""
        end = time.monotonic() + 60
        while True:
            try:
                found, _, body = self.ask(method, path, **headers)
            except (OSError, ValueError):
                found, body = None, None
            if found == status:
                return body
            assert time.monotonic() < end, (found, body)
            time.sleep(0.2)

    def keepers(self):
        """Return the keepers of these workers that are alive."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "app.keeper" in child.cmdline():
                    found.append(child)
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            # It can miss the signal while it starts a worker anew.
            for each in psutil.Process(self.process.pid).children(recursive=True):
                each.kill()
            self.process.kill()
            self.process.wait()
        self.log.close()


@pytest.fixture
def server(tmp_path):
    found = Server(tmp_path)
    yield found
    found.stop()


def test_two_workers_share_accounts_and_one_keeper(server, tmp_path):
    """What one worker learned the other knows; kill -9 of the keeper's worker loses nothing."""
    bearer = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    invitation = server.until(201, "POST", "/invitations", **bearer)["invitation"]
    body = {"name": "anna", "password": PASSWORD, "invitation": invitation}
    status, headers, _ = server.ask("POST", "/register", body)
    assert status == 201
    cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
    wish = {"label": "mine", "scopes": ["history"]}
    status, _, made = server.ask("POST", "/keys", wish, **cookie)
    key = {"Authorization": f"Bearer {made['key']}"}
    assert {server.ask("GET", "/predictions", **key)[0] for _ in range(20)} == {200}

    (keeper,) = server.keepers()
    spool = Spool(tmp_path / "data" / "journal", 1 << 20, lambda: None)
    segment = segments.all_of(tmp_path / "data" / "journal")[-1]
    spool.record(prediction(1, user_id=1, at=time.time()))
    os.kill(keeper.ppid(), signal.SIGKILL)
    spool.close()
    server.until(200, "GET", f"/predictions/{one_id(1)}", **key)
    end = time.monotonic() + 60
    while [each.pid for each in server.keepers()] in ([], [keeper.pid]):
        assert time.monotonic() < end
        time.sleep(0.2)
    while segment.exists():
        assert time.monotonic() < end
        time.sleep(0.2)

    assert server.ask("DELETE", f"/keys/{made['id']}", **cookie)[0] == 200
    time.sleep(LIFE_S)
    assert {server.ask("GET", "/predictions", **key)[0] for _ in range(20)} == {401}


@pytest.mark.skipif(postgres.binaries() is None, reason="NO POSTGRESQL ON THIS MACHINE")
def test_service_starts_before_its_postgresql(tmp_path):
    """Workers and keeper come up without it and stay; when it comes they use it by themselves."""
    port = free_port()
    url = f"postgresql+psycopg://reader:{postgres.PASSWORD}@127.0.0.1:{port}/postgres"
    server = Server(tmp_path, DATABASE_URL=url, AUTH="open")
    try:
        server.until(503, "GET", "/predictions")
        spool = Spool(tmp_path / "data" / "journal", 1 << 20, lambda: None)
        assert spool.record(prediction(1, at=time.time()))
        spool.close()
        (keeper,) = server.keepers()
        assert server.ask("GET", "/healthz")[0] == 200
        with postgres.scratch() as home, postgres.server(home, port):
            server.until(200, "GET", f"/predictions/{one_id(1)}")
            assert server.keepers() == [keeper]
            server.stop()
    finally:
        server.stop()
