"""What runs inside the machine: follows the bundle in force and keeps its services up.

On AWS, systemd and compose do this. The agent starts each service once those that it needs answer,
starts a failed one anew, and reports to the bucket.
"""

import contextlib
import hashlib
import http.client
import io
import json
import shutil
import sys
import tarfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra import bundle, probe, status
from infra.cloud_init import read_host_env
from infra.local import files, processes, supervision
from infra.local.machine import Machine
from infra.onhost.edge_watch import watch

BUSY_TICK_S = 0.3
IDLE_TICK_S = 2.0
RETRY_AFTER_S = 20.0
LOG_END_LINES = 20

State = Literal["waiting", "starting", "healthy", "done", "failed", "missing"]
SETTLED = {"healthy", "done", "missing"}


@dataclass(frozen=True)
class LocalService:
    """One entry of the bundle's `processes.json`."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    port: int | None
    scheme: Literal["http", "https"]
    health_path: str | None
    needs: list[str]
    secrets: list[str]
    optional: bool
    runs: Literal["always", "once"]
    directory: str = ""
    stop_s: int = 10

    def program(self, machine: Machine) -> supervision.Program:
        """Return the service with this machine's folders filled in."""
        folders = {
            "data": str(machine.disk / self.name),
            "config": str(machine.home / "config"),
            "secrets": str(machine.secrets),
        }
        return supervision.Program(
            self.name,
            [_fill(part, folders) for part in self.command],
            {name: _fill(value, folders) for name, value in self.environment.items()},
            restart=self.runs == "always",
            directory=_fill(self.directory, folders),
            stop_s=self.stop_s,
        )


def _fill(text: str, folders: Mapping[str, str]) -> str:
    for name, folder in folders.items():
        text = text.replace("{" + name + "}", folder)
    return text


def due(services: list[LocalService], states: Mapping[str, State]) -> list[LocalService]:
    """Return the services to start now: those that wait for nothing any more."""
    settled = {name for name, state in states.items() if state in {"healthy", "done"}}
    return [s for s in services if states[s.name] == "waiting" and settled.issuperset(s.needs)]


def missing_of(services: list[LocalService]) -> set[str]:
    """Return the services that may be missing and are, and those that need one of them."""
    gone = {s.name for s in services if s.optional and not _is_installed(s)}
    return gone | {s.name for s in services if gone.intersection(s.needs)}


def judge(service: LocalService, known: supervision.ProgramState | None, *, healthy: bool) -> State:
    """Name a service's state from what the supervisor and its health path say."""
    if known is None or known.state == "STOPPED":
        return "waiting"
    if known.state == "RUNNING":
        return "healthy" if healthy and service.runs == "always" else "starting"
    if known.state == "EXITED" and service.runs == "once":
        return "done" if known.exit_status == 0 else "failed"
    if known.state in {"EXITED", "FATAL", "BACKOFF"}:
        return "failed"
    return "starting"


class Agent:
    """Brings one machine to the bundle in force, again and again."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._env = read_host_env(machine.user_data.read_text())
        self._clients = _Clients(self._env)
        self._digest = ""
        self._services: list[LocalService] = []
        self._failures = 0
        self._failed_at: dict[str, float] = {}
        self._pids: dict[str, int] = {}
        self._reason = ""
        self._log_end: tuple[str, ...] = ()
        self._reported = ""

    def run(self) -> None:
        """Work until the supervisor ends this process."""
        self._resume()
        while True:
            self._follow()
            states = self.states()
            if self._machine.disk.is_dir():
                self._keep_up(states)
            self._report(states)
            self._watch_edge()
            settled = states and all(state in SETTLED for state in states.values())
            time.sleep(IDLE_TICK_S if settled else BUSY_TICK_S)

    def _watch_edge(self) -> None:
        """Let the node exporter tell how the edge is."""
        for service in self._services:
            if service.scheme == "https" and service.port is not None:
                watch(self._machine.disk / "node-exporter", service.port, "127.0.0.1")

    def _resume(self) -> None:
        """Continue the count of failures where an earlier run of the agent left it."""
        with contextlib.suppress(OSError, ValueError):
            self._failures = status.parse(self._machine.status.read_text()).failures
        config = self._machine.home / "config"
        if config.is_symlink():
            self._take_up(config.resolve().name)

    def _follow(self) -> None:
        """Take up another bundle when the pointer names one."""
        digest = self._clients.pointer()
        if digest and digest != self._digest:
            packed = self._clients.fetch(bundle.key(digest))
            if packed is None or hashlib.sha256(packed).hexdigest() != digest:
                if self._may_retry("bundle"):
                    self._fail("bundle", f"bundle {digest[:12]} is missing or is not what it says")
                return
            self._unpack(digest, packed)
            self._take_up(digest)

    def _unpack(self, digest: str, packed: bytes) -> None:
        part = self._machine.bundles / f"{digest}.part"
        shutil.rmtree(part, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(part, filter="data")
        home = self._machine.bundles / digest
        shutil.rmtree(home, ignore_errors=True)
        part.rename(home)

    def _take_up(self, digest: str) -> None:
        """Let the supervisor know a bundle's services, and restart those whose files changed."""
        home = self._machine.bundles / digest
        described = json.loads((home / "processes.json").read_text())
        self._services = [LocalService(**entry) for entry in described]
        link = self._machine.home / "config"
        link.unlink(missing_ok=True)
        link.symlink_to(home)
        self._store_secrets()
        programs = [service.program(self._machine) for service in self._services]
        # A file of the bundle may have changed behind the same path: its digest tells.
        marked = [
            replace(p, environment={**p.environment, "BUNDLE_FILES": _files_digest(home, p)})
            for p in programs
        ]
        supervision.write_programs(self._machine.home, marked)
        supervision.reload(self._machine.home)
        self._digest = digest
        self._failed_at.clear()
        self._pids.clear()
        print(f"bundle {digest[:12]} is in force", flush=True)  # noqa: T201  # the agent's log

    def _store_secrets(self) -> None:
        for secret in sorted({name for service in self._services for name in service.secrets}):
            value = self._clients.secret(self._env["SECRETS_PREFIX"] + secret)
            if value is not None:
                files.write(self._machine.secrets / secret, value, 0o600)

    def _keep_up(self, states: Mapping[str, State]) -> None:
        """Start what is due, and what failed some time ago."""
        for service in self._services:
            state = states[service.name]
            if state == "failed" and self._may_retry(service.name):
                self._note_failure(service)
                supervision.start(self._machine.home, service.name)
            elif state in {"healthy", "done"}:
                self._failed_at.pop(service.name, None)
        for service in due(self._services, states):
            self._start(service)

    def _may_retry(self, name: str) -> bool:
        return time.monotonic() - self._failed_at.get(name, -RETRY_AFTER_S) >= RETRY_AFTER_S

    def _start(self, service: LocalService) -> None:
        """Start a service, or note what is in the way of that."""
        (self._machine.disk / service.name).mkdir(exist_ok=True)
        end_leftover(service, self._machine.home)
        obstacle = _obstacle(service) or supervision.start(self._machine.home, service.name)
        if obstacle is not None and self._may_retry(service.name):
            self._fail(service.name, obstacle)

    def states(self) -> dict[str, State]:
        """Return every service's state."""
        known = supervision.states(self._machine.home)
        missing = missing_of(self._services)
        return {
            service.name: "missing"
            if service.name in missing
            else self._state(service, known.get(service.name))
            for service in self._services
        }

    def _state(self, service: LocalService, known: supervision.ProgramState | None) -> State:
        state = judge(service, known, healthy=_is_healthy(service))
        pid = known.pid if known else 0
        before = self._pids.get(service.name, pid)
        if pid:
            self._pids[service.name] = pid
        anew = pid not in {0, before}
        if anew:
            end_leftover(service, self._machine.home, pid)
        # The supervisor has started it anew: between two looks it ended, and we did not end it.
        return "failed" if state == "starting" and anew else state

    def _note_failure(self, service: LocalService) -> None:
        known = supervision.states(self._machine.home)[service.name]
        why = f"{service.name}: {known.problem or f'ended with exit status {known.exit_status}'}"
        log = self._machine.log / f"{service.name}.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        self._fail(service.name, why, tuple(lines[-LOG_END_LINES:]))

    def _fail(self, name: str, reason: str, log_end: tuple[str, ...] = ()) -> None:
        self._failures += 1
        self._failed_at[name] = time.monotonic()
        self._reason, self._log_end = reason, log_end
        print(f"{name}: {reason}", flush=True)  # noqa: T201  # the agent's log

    def _report(self, states: Mapping[str, State]) -> None:
        """Tell the bucket, and this folder, when something has changed."""
        authority = self._machine.authority
        report = status.HostStatus(
            self._digest,
            self._failures,
            self._reason,
            self._log_end,
            dict(states),
            authority.read_text() if authority.exists() else "",
        ).text()
        if report != self._reported:
            files.write(self._machine.status, report, 0o600)
            if self._clients.report(report):
                self._reported = report


def end_leftover(service: LocalService, home: Path, pid: int = 0) -> None:
    """End workers whose parent was killed: they would answer with what they were started with.

    Those of the process that now runs as the service (`pid`) stay, and whatever is not of the
    machine in `home`.
    """
    if service.port is None or (not pid and processes.is_free(service.port)):
        return
    kept = processes.tree(pid) if pid else set()
    holders = [p for p in processes.listeners(service.port) if processes.belongs_to(p, home)]
    processes.end([holder for holder in holders if holder.pid not in kept])


def _files_digest(home: Path, program: supervision.Program) -> str:
    """Return a digest of the bundle's files for a program that reads them; else nothing."""
    if not any("/config" in part for part in [*program.command, *program.environment.values()]):
        return ""
    digest = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name != "processes.json":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def port_message(name: str, port: int) -> str:
    """Say who holds a port that a service needs, and what to do."""
    return (
        f"port {port} of {name} is taken by {processes.describe_listener(port)}: end it, or choose "
        f"another: pulumi config set --path ports.{name} PORT --stack local"
    )


def _obstacle(service: LocalService) -> str | None:
    """Say what keeps a service from starting; None when nothing does."""
    if not _is_installed(service):
        return f"{service.name}: {service.command[0]} is not installed: `make up` installs it"
    if service.port is not None and not processes.is_free(service.port):
        return port_message(service.name, service.port)
    return None


def _is_installed(service: LocalService) -> bool:
    return shutil.which(service.command[0]) is not None


def _is_healthy(service: LocalService) -> bool:
    if service.port is None or service.health_path is None:
        return False
    try:
        url = f"{service.scheme}://127.0.0.1:{service.port}{service.health_path}"
        with urllib.request.urlopen(  # noqa: S310  # loopback
            url, timeout=2, context=probe.own_authority()
        ) as response:
            return bool(response.status == 200)  # noqa: PLR2004
    except (OSError, ValueError, http.client.HTTPException):
        return False


class _Clients:
    """The host's way to AWS; what it can't reach now, it asks for again later."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._bucket = env["BUCKET"]
        self._pointer = env["BUNDLE_POINTER"]
        quick = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
        self._s3 = boto3.client("s3", config=quick)
        self._ssm = boto3.client("ssm", config=quick)

    def pointer(self) -> str | None:
        """Return the digest of the bundle in force."""
        content = self.fetch(self._pointer)
        return content.decode().strip() if content else None

    def fetch(self, key: str) -> bytes | None:
        """Return an object's content."""
        try:
            stored: Any = self._s3.get_object(Bucket=self._bucket, Key=key)
            return bytes(stored["Body"].read())
        except (BotoCoreError, ClientError):
            return None

    def secret(self, name: str) -> str | None:
        """Return a secret parameter's value."""
        try:
            found = self._ssm.get_parameter(Name=name, WithDecryption=True)
            return str(found["Parameter"]["Value"])
        except (BotoCoreError, ClientError):
            return None

    def report(self, text: str) -> bool:
        """Store the host's report; tell whether that worked."""
        try:
            self._s3.put_object(Bucket=self._bucket, Key=status.STATUS_KEY, Body=text.encode())
        except (BotoCoreError, ClientError):
            return False
        return True


if __name__ == "__main__":
    Agent(Machine(Path(sys.argv[1]))).run()
