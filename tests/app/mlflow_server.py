"""A tiny real HTTP server in MLflow's place, which answers well or misbehaves as told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class FakeMlflow:
    """A registry in memory.

    `aliases` are by model, then alias; `hashes` of manifests by model and version, and `created`
    of models, where a test needs its own; `runs` are those of the one experiment, if any.
    `misbehave` is called before each answer and may write one of its own to the connection, or
    end it: then it returns True.
    """

    uri: str = ""
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    hashes: dict[tuple[str, str], str] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    misbehave: Callable[[BaseHTTPRequestHandler], bool] = lambda _handler: False
    ended: threading.Event = field(default_factory=threading.Event)
    page: int = 1000

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
        url = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        route = url.path.removeprefix("/api/2.0/mlflow")
        self.asked.append(f"{method} {route}")
        if route.startswith("-artifacts/artifacts/"):
            found = self.files.get(route.removeprefix("-artifacts/artifacts/"))
            return (404, {"error": "no file"}) if found is None else (200, found)
        if route.startswith("/webhooks"):
            return self._hooks(method, route, body)
        if route == "/registered-models/search":
            return 200, self._search(int(query.get("page_token", "0")))
        if route == "/model-versions/get":
            return 200, {"model_version": self._version(query["name"], query["version"])}
        if route in {"/experiments/get-by-name", "/runs/search"}:
            found = {"experiment": {"experiment_id": "7"}, "runs": self.runs}
            return (200, found) if self.runs else (404, {"error_code": "NO_EXPERIMENT"})
        return self._alias(method, {**query, **body})

    def _search(self, start: int) -> dict[str, object]:
        names = list(self.aliases)
        models = [
            {
                "name": name,
                "creation_timestamp": self.created.get(name, 1),
                "aliases": [{"alias": a, "version": v} for a, v in self.aliases[name].items()],
            }
            for name in names[start : start + self.page]
        ]
        end = start + self.page
        more = {"next_page_token": str(end)} if end < len(names) else {}
        return {"registered_models": models, **more}

    def _alias(self, method: str, asked: dict[str, str]) -> tuple[int, object]:
        aliases = self.aliases.get(asked["name"], {})
        if method == "POST":
            aliases[asked["alias"]] = asked["version"]
            return 200, {}
        if asked["alias"] not in aliases:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE"}
        if method == "DELETE":
            del aliases[asked["alias"]]
            return 200, {}
        return 200, {"model_version": self._version(asked["name"], aliases[asked["alias"]])}

    def _version(self, name: str, version: str) -> dict[str, object]:
        digest = self.hashes.get((name, version), f"hash{version}")
        source = f"mlflow-artifacts:/{name}/{version}"
        run_id = f"run{version}" if name not in self.created else f"run{self.created[name]}"
        told = {"name": name, "version": version, "run_id": run_id, "source": source}
        return {**told, "tags": [{"key": "manifest_sha256", "value": digest}]}

    def _hooks(self, method: str, route: str, body: dict[str, Any]) -> tuple[int, object]:
        if method == "GET":
            return 200, {"webhooks": self.webhooks}
        if method == "POST":
            self.webhooks.append({**body, "webhook_id": str(len(self.webhooks))})
            return 200, {}
        at = next(i for i, hook in enumerate(self.webhooks) if route.endswith(hook["webhook_id"]))
        if method == "PATCH":
            self.webhooks[at] |= body
        else:
            del self.webhooks[at]
        return 200, {}


@contextmanager
def running() -> Iterator[FakeMlflow]:
    """Serve on a free port until the end of the block."""
    fake = FakeMlflow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            if fake.misbehave(self):
                return
            status, told = fake.answer(self.command, self.path, body)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of the library

        def log_message(self, *_args: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        # A thread whose client went away must not keep the test waiting.
        server.block_on_close = False
        fake.uri = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield fake
        finally:
            fake.ended.set()
            server.shutdown()
