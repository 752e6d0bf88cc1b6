"""Prometheus, Alertmanager and node exporter as the local stack starts them, and a receiver."""

import json
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import yaml
from prometheus_client import Gauge, start_http_server
from werkzeug.serving import WSGIRequestHandler, make_server

from app.database.connection import Database
from app.factory import create_app
from app.metrics import LIVE_RMSE, LIVE_ROWS, Metrics
from app.reference import Reference
from app.service import Service
from app.settings import Settings
from infra.onhost import edge_watch
from infra.services import SERVICES
from monitoring.alertmanager import WEBHOOK_URL, Channels, render_alertmanager
from monitoring.alerts import render_rules
from monitoring.prometheus import ScrapeTarget, render_prometheus
from tests.app.fakes import MODEL, FakeChampion
from tests.monitoring.retrainer.told import told
from tests.ports import free_port

SERVICE = {service.name: service for service in SERVICES}
STARTED = ("node-exporter", "alertmanager", "prometheus")
REFERENCE = Reference(tuple(np.arange(9.0) for _ in MODEL.schema.names), np.arange(9.0))
RATED = replace(MODEL, baseline_rmse=0.4, reference=REFERENCE)
ROW = {"features": [list(MODEL.schema.example_row)]}


class Receiver(BaseHTTPRequestHandler):
    """Keeps what Alertmanager posts."""

    def do_POST(self):  # as http.server calls it
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Quiet(WSGIRequestHandler):
    """Writes no line a request."""

    def log_request(self, *_):
        pass


class Api:
    """The real application on one port; it can be stopped and started again."""

    def __init__(self, folder, prometheus):
        self.port = free_port()
        metrics = Metrics()
        metrics.served([(MODEL.name, MODEL.version, MODEL.run_id)])
        metrics.takes(MODEL.schema.names)
        live = Gauge(LIVE_RMSE, "As feedback tells it.", ["model", "version"], registry=None)
        live.labels(MODEL.name, MODEL.version).set(0.41)
        metrics.add(live)
        rows = Gauge(LIVE_ROWS, "Behind it.", ["model", "version"], registry=None)
        rows.labels(MODEL.name, MODEL.version).set(1000)
        metrics.add(rows)
        settings = Settings(data_dir=folder, prometheus_url=f"http://{prometheus}/prometheus")
        database = Database(f"sqlite:///{folder}/service.db")
        self.app = create_app(Service(settings, FakeChampion(RATED), metrics, database=database))
        self.start()

    def start(self):
        self.server = make_server(
            "127.0.0.1", self.port, self.app, threaded=True, request_handler=Quiet
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def status(self):
        """Return what the status page is told."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status/data", timeout=10) as it:
            return json.load(it)

    def predict(self, body):
        """Send a body and return the status of the answer."""
        url = f"http://127.0.0.1:{self.port}/predict"
        sent = urllib.request.Request(
            url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(sent, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code


class MonitoringStack:
    """The three programs with the rendered files; only what they wait for is shorter."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.ports = {name: free_port() for name in STARTED}
        self.opened = ExitStack()
        figures = self.opened.enter_context(told(folder))
        self.retrainer, _ = start_http_server(0, "127.0.0.1", registry=figures)
        self.api = Api(folder, f"127.0.0.1:{self.ports['prometheus']}")
        self.receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.receiver.received = []
        threading.Thread(target=self.receiver.serve_forever, args=(0.05,), daemon=True).start()
        for name in ("config", "secrets", *STARTED):
            (folder / name).mkdir()
        hook = f"http://127.0.0.1:{self.receiver.server_port}/alerts"
        (folder / "secrets" / WEBHOOK_URL).write_text(hook)
        # As the agent of a host does; no edge listens here.
        edge_watch.watch(folder / "node-exporter", 1, "127.0.0.1")
        self._configure()
        self.processes = [self._run(SERVICE[name]) for name in STARTED]

    def _configure(self):
        where = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()}
        targets = [
            ScrapeTarget("xgboost-api", f"127.0.0.1:{self.api.port}"),
            ScrapeTarget("retrainer", f"127.0.0.1:{self.retrainer.server_port}"),
            ScrapeTarget("node", where["node-exporter"]),
            ScrapeTarget("alertmanager", where["alertmanager"], "/alertmanager/metrics"),
            ScrapeTarget("prometheus", where["prometheus"], "/prometheus/metrics"),
        ]
        scraping = render_prometheus(targets, where["alertmanager"])
        rules = yaml.safe_load(render_rules())
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            if "for" in rule:
                rule["for"] = "2s"
        sending = yaml.safe_load(render_alertmanager(Channels(webhook=True), "127.0.0.1:1"))
        for route in (sending["route"], *sending["route"]["routes"]):
            route |= {"group_wait": "1s", "group_interval": "1s"}
        config = self.folder / "config"
        quick = scraping.replace(": 15s", ": 1s").replace(": 10s", ": 1s")
        (config / "prometheus.yml").write_text(quick)
        (config / "alerts.rules.yml").write_text(yaml.safe_dump(rules))
        (config / "alertmanager.yml").write_text(yaml.safe_dump(sending))

    def _run(self, service):
        names = {
            "config": self.folder / "config",
            "data": self.folder / service.name,
            "secrets": self.folder / "secrets",
            "bind": "127.0.0.1",
            "port": self.ports[service.name],
            "edge": "https://127.0.0.1:8443",
            "host_root": "/",
        }
        program, *arguments = (part.format_map(names) for part in service.command)
        with (self.folder / f"{service.name}.log").open("wb") as log:
            return subprocess.Popen(
                [self.programs / program, *arguments],
                cwd=service.directory.format_map(names) or self.folder,
                stdout=log,
                stderr=log,
            )

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=20)
        self.api.stop()
        self.retrainer.shutdown()
        self.retrainer.server_close()
        self.opened.close()
        self.receiver.shutdown()
        self.receiver.server_close()

    def get(self, name, path, **parameters):
        """Ask one of the programs and return what it answers."""
        query = urllib.parse.urlencode(parameters)
        url = f"http://127.0.0.1:{self.ports[name]}/{name}{path}?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())

    def value(self, expression):
        """Return the series of a query's newest values."""
        answer = self.get("prometheus", "/api/v1/query", query=expression)
        assert answer["status"] == "success"
        return answer["data"]["result"]

    def raise_alert(self, name, severity):
        """Raise an alert by hand."""
        body = json.dumps([{"labels": {"alertname": name, "severity": severity}}]).encode()
        url = f"http://127.0.0.1:{self.ports['alertmanager']}/alertmanager/api/v2/alerts"
        sent = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(sent, timeout=10).close()

    def received(self, alert, status):
        """Return what people were told of an alert."""
        return [
            told
            for message in self.receiver.received
            for told in message["alerts"]
            if (told["labels"]["alertname"], told["status"]) == (alert, status)
        ]


def until(found, timeout_s=60.0):
    """Return what a function finds at last; in the end, whatever it returns."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            result = found()
        except OSError:
            result = None
        if result:
            return result
        time.sleep(0.3)
    return found()
