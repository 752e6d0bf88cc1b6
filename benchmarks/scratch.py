"""A stack `local` of its own: a copy of the checkout in another folder, on free ports.

Benchmarks and end-to-end tests run on it, beside whatever stack the checkout itself has.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[1]
DATA = CHECKOUT.parent / "shared" / "data" / "california_housing.csv.gz"
SERVICES = (
    *("mlflow", "xgboost-api", "retrainer", "prometheus", "alertmanager", "node-exporter"),
    *("grafana", "proxy"),
)
BODY = {"features": [[8.3252, 41, 6.9841, 1.023810, 322, 2.5556, 37.88, -122.23]]}

Done = subprocess.CompletedProcess[str]


class ScratchStack:
    """A copy of the checkout with a stack that nobody else uses."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.local = checkout / ".local"
        self.env = {**os.environ, "NO_COLOR": "1"}
        if DATA.exists():
            self.env["HOUSING_CSV"] = str(DATA)
        copy_checkout(checkout)
        aws, *others = free_ports(1 + len(SERVICES))
        self.ports = dict(zip(SERVICES, others, strict=True))
        self._configure(aws)
        self.ports["aws"] = aws

    def _configure(self, aws: int) -> None:
        path = self.checkout / "Pulumi.local.yaml"
        document = yaml.safe_load(path.read_text())
        document["config"]["pulumi-mlops:awsEndpoint"] = f"http://127.0.0.1:{aws}"
        document["config"]["pulumi-mlops:ports"] = dict(self.ports)
        path.write_text(yaml.safe_dump(document))

    def command(self, *arguments: str, timeout_s: float = 600) -> Done:
        """Run a command of the stack, as `make` does."""
        return self._run(self._command(*arguments), timeout_s)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command in a process group of its own, as a terminal does."""
        return subprocess.Popen(
            self._command(*arguments),
            cwd=self.checkout,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.checkout / ".venv/bin/python"), "-m", "infra.local", *arguments]

    def pulumi(self, *arguments: str, timeout_s: float = 600) -> Done:
        """Run a literal pulumi command after the one printed line."""
        line = "source .local/env && pulumi " + shlex.join(arguments)
        return self._run(["bash", "-c", line], timeout_s)

    def url(self, service: str, path: str = "") -> str:
        """Return the address of a service of this stack."""
        return f"http://127.0.0.1:{self.ports[service]}{path}"

    def predict(self) -> dict[str, Any]:
        """Ask for the example's price."""
        request = urllib.request.Request(
            self.url("xgboost-api", "/predict"),
            json.dumps(BODY).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def _run(self, command: list[str], timeout_s: float) -> Done:
        return subprocess.run(
            command,
            cwd=self.checkout,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def copy_checkout(target: Path) -> None:
    """Copy what git knows or would add; the installed environment is shared."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (CHECKOUT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target / name)
    (target / ".venv").symlink_to(Path(sys.prefix))


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
