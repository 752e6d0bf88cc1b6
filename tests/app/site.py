"""A service with accounts, on a database of its own."""

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient

from app.accounts.credentials import find
from app.accounts.gate import AccountGate
from app.accounts.tokens import digest
from app.database.connection import Database
from app.factory import create_app
from app.metrics import Metrics
from app.service import Service
from app.settings import Settings
from app.spool.spool import Spool
from tests.app.fakes import FakeChampion

OPERATOR_KEY = "an-operators-key-of-more-than-32-characters"
PASSWORD = "correct horse battery"


@dataclass
class Site:
    """The application, and what a test needs to look behind it."""

    url: str
    folder: Path
    auth: str
    now: list[float] = field(default_factory=lambda: [0.0])
    champion: FakeChampion = field(default_factory=FakeChampion)
    prometheus: str = "http://127.0.0.1:9/prometheus"

    def __post_init__(self):
        self.settings = Settings(
            auth=self.auth,
            data_dir=self.folder,
            database_url=self.url,
            prometheus_url=self.prometheus,
        )
        self.database = Database(self.url)
        clock = lambda: time.time() + self.now[0]  # noqa: E731
        gate = AccountGate(self.auth, digest(OPERATOR_KEY), partial(find, self.database), clock)
        self.metrics = Metrics()
        self.journal = Spool(self.settings.journal_dir, 1 << 24, self.metrics.unrecorded.inc)
        self.app = create_app(
            Service(self.settings, self.champion, self.metrics, gate, self.journal, self.database)
        )

    def client(self, key: str | None = None) -> FlaskClient:
        http = self.app.test_client()
        if key is not None:
            http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return http

    def operator(self) -> FlaskClient:
        return self.client(OPERATOR_KEY)

    def person(self, name: str) -> FlaskClient:
        """A new user's client, logged in."""
        http = self.client()
        body = {"name": name, "password": PASSWORD}
        if self.auth == "required":
            body["invitation"] = self.operator().post("/invitations").json["invitation"]
        answer = http.post("/register", json=body)
        assert answer.status_code == 201, answer.text
        return http

    def key(self, person: FlaskClient, *scopes: str) -> str:
        made = person.post("/keys", json={"label": "a key", "scopes": list(scopes)})
        assert made.status_code == 201, made.text
        return made.json["key"]
