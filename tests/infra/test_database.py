"""The API's own database beside MLflow's, on a real PostgreSQL server."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from infra import credentials, database
from tests.ports import free_port

NEEDED = ("initdb", "pg_ctl", "postgres", "psql")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)), reason="PostgreSQL's programs are not on PATH"
)
ENTRYPOINT = Path(__file__).parents[1] / "boot/standin/docker-entrypoint.sh"
NOBODY = 65534
SECRETS = {
    "postgres-password": "of the owner",
    "service-password": "it's of the API",
    "service-pgpass": credentials.pgpass("service", "it's of the API"),
}


class Server:
    """The host's PostgreSQL on a free port, by the user of its own that it insists on."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        for name, text in SECRETS.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o400)
        user = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        if user:
            for path in (folder, *folder.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        names = {"port": self.port, "secrets": folder}
        command = database.start("sh", str(ENTRYPOINT), "postgres", "-c", "port={port}")
        environment = {
            "POSTGRES_USER": "mlflow",
            "POSTGRES_DB": "mlflow",
            "POSTGRES_PASSWORD_FILE": f"{folder}/postgres-password",
            "POSTGRES_INITDB_ARGS": "--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8",
            "PGDATA": f"{folder}/data",
        }
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [part.format_map(names) for part in command],
                cwd=folder,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                **user,
            )

    def ask(self, role, named, sql=""):
        """Return what psql says as a role in a database."""
        password = SECRETS["service-password" if role == "service" else "postgres-password"]
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", role, "-d", named)
        return subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", *address, "-c", sql],
            env={**os.environ, "PGPASSWORD": password},
            capture_output=True,
            text=True,
            check=False,
        )

    def await_ready(self, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while self.ask("service", "service").returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.1)
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture
def folder():
    """A folder that the server's user may reach: pytest's own is for one user only."""
    made = Path(tempfile.mkdtemp(prefix="database."))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def test_the_api_has_a_database_of_its_own_and_no_other(folder):
    """On a new data folder, and again on the same one with what was written."""
    for written in (0, 1):
        server = Server(folder)
        try:
            server.await_ready()
            kept = "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)"
            assert server.ask("service", "service", kept).returncode == 0
            told = server.ask("service", "service", "SELECT count(*) FROM kept")
            assert told.stdout.strip() == str(written + 1)
            for other in ("mlflow", "postgres", "template1"):
                assert "permission denied" in server.ask("service", other).stderr
            assert "denied" in server.ask("service", "service", "CREATE DATABASE x").stderr
            assert server.ask("mlflow", "mlflow", "SELECT 1").stdout.strip() == "1"
        finally:
            server.stop()
    log = (folder / "log").read_text()
    assert "not prepared" not in log
    assert "of the API" not in log


def test_a_database_that_was_there_before_is_prepared_too(folder):
    """The host's data volume is older than this program."""
    server = Server(folder)
    try:
        server.await_ready()
        server.ask("mlflow", "mlflow", "DROP DATABASE service WITH (FORCE)")
        server.ask("mlflow", "mlflow", "DROP ROLE service")
        assert server.ask("service", "service").returncode
    finally:
        server.stop()
    again = Server(folder)
    try:
        again.await_ready()
    finally:
        again.stop()
