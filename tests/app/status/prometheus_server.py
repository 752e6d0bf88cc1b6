"""A small Prometheus: it answers what the page asks from made-up figures, over HTTP."""

import contextlib
import json
import math
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

JOBS = ("xgboost-api", "mlflow", "prometheus", "alertmanager", "node-exporter", "retrainer")


@dataclass
class Figures:
    """What it knows: each series is told by its figure's name, as a function of time."""

    up: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys((*JOBS, "edge"), 1.0))
    now: Mapping[str, float] = field(
        default_factory=lambda: {
            "requests_per_s": 12.25,
            "error_share": 0.015,
            "latency_p99_s": 0.0124,
        }
    )
    course: Mapping[str, float] = field(
        default_factory=lambda: {
            "requests_per_s": 12.25,
            "errors_per_s": 0.2,
            "latency_p50_s": 0.0011,
            "latency_p99_s": 0.0124,
            "live_rmse_ratio": 1.05,
        }
    )
    psi: Mapping[str, float] = field(
        default_factory=lambda: {"MedInc": 0.31, "Latitude": 0.14, "HouseAge": 0.02, "AveRooms": 0}
    )
    since: float | None = 1_700_000_000.0
    instead: bytes | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, path: str, fields: dict[str, str]) -> list[dict[str, Any]]:
        """Return the result of one question."""
        self.asked.append(fields)
        if path.endswith("/query_range"):
            start, end, step = (int(fields[name]) for name in ("start", "end", "step"))
            at = range(start, end + 1, step)
            named = [({"figure": name}, value) for name, value in self.course.items()]
            named += [
                ({"figure": "drift_psi", "feature": name}, value)
                for name, value in self.psi.items()
            ]
            return [
                {"metric": labels, "values": [[second, _wavy(value, second)] for second in at]}
                for labels, value in named
            ]
        if "figure" not in fields["query"]:
            return [] if self.since is None else [{"metric": {}, "value": [0, str(self.since)]}]
        told = [({"figure": "up", "job": job}, value) for job, value in self.up.items()]
        told += [({"figure": name}, value) for name, value in self.now.items()]
        return [{"metric": labels, "value": [0, str(value)]} for labels, value in told]


def _wavy(value: float, second: int) -> str:
    return str(value * (1 + 0.15 * math.sin(second / 300) + 0.05 * math.sin(second / 47)))


@contextlib.contextmanager
def answering(figures: Figures) -> Iterator[str]:
    """Serve for as long as it is needed; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            fields = {name: values[0] for name, values in parse_qs(asked.query).items()}
            result = figures.answer(asked.path, fields)
            body = figures.instead
            if body is None:
                body = json.dumps({"status": "success", "data": {"result": result}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/prometheus"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """Take connections, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/prometheus"
