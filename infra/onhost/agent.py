"""Brings the host to the bundle in force, or back to the last good one.

On stack `local`, `infra.local.agent` does the same for processes.
"""

import hashlib
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.onhost.command import Failure, Run, Unreachable, run, say
from infra.onhost.disk import Disk
from infra.onhost.edge_watch import watch
from infra.onhost.readiness import edge_is_ready
from infra.onhost.report import history

POLL_S = 15.0
RETRY_AFTER_S = 60.0
AWS_TIMEOUT_S = 120.0
PULL_TIMEOUT_S = 1200.0
HEALTHY_TIMEOUT_S = 420
JOB_TIMEOUT_S = 1200.0
READY_TIMEOUT_S = 120.0
DIGEST_LENGTH = 64


def sources(folder: Path) -> dict[str, bytes]:
    """Return a folder's Python files by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*.py")}


@dataclass(frozen=True)
class Places:
    """The host's folders."""

    root: Path = Path("/")

    @property
    def bundles(self) -> Path:
        """Return the folder with one folder a bundle, and the link to the one in force."""
        return self.root / "opt/pulumi-mlops"

    @property
    def current(self) -> Path:
        """Return the link to the bundle in force."""
        return self.bundles / "current"

    @property
    def report(self) -> Path:
        """Return the file of the latest report."""
        return self.bundles / "status.json"

    @property
    def data(self) -> Path:
        """Return where the data volume is mounted."""
        return self.root / "var/lib/pulumi-mlops"

    @property
    def authority(self) -> Path:
        """Return the certificate of the edge's own authority, as Caddy keeps it."""
        return self.data / "proxy/caddy/pki/authorities/local/root.crt"

    @property
    def secrets(self) -> Path:
        """Return the folder of secrets: memory, gone with the power."""
        return self.root / "run/pulumi-mlops/secrets"


class Agent:
    """Brings the host to the bundle that the pointer names, again and again."""

    def __init__(
        self,
        env: Mapping[str, str],
        places: Places,
        run: Run = run,
        ready: Callable[[str], str] = edge_is_ready,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._env = env
        self._places = places
        self._run = run
        self._ready = ready
        self._sleep = sleep
        self._refused = ""
        self._report = history(places.report)
        self._told = ""

    def work(self) -> None:
        """Work until systemd ends this process, or until another agent is to take over."""
        self.resume()
        while True:
            self.follow()
            self._watch_edge()
            if self._is_outdated():
                say("the bundle in force has another agent: it takes over")
                return
            self._sleep(POLL_S)

    def _is_outdated(self) -> bool:
        """Tell whether the bundle in force carries another agent than this one."""
        newer = sources(self._places.current / "infra/onhost")
        return bool(newer) and newer != sources(Path(__file__).parent)

    def _watch_edge(self) -> None:
        """Let the node exporter tell how the edge of the bundle in force is."""
        layout = self._places.current / "layout.json"
        edge = json.loads(layout.read_text()).get("edge") if layout.exists() else None
        if edge:
            watch(self._places.data / "node-exporter", edge["port"], edge["name"])

    def give_up(self, failure: Failure) -> None:
        """Tell what keeps this host from any work."""
        self._fail(failure, "")
        self._tell()

    def resume(self) -> None:
        """After a start of the host, bring up the bundle that was in force."""
        if not self._places.current.exists():
            return
        self._report.bundle = self._places.current.resolve().name
        try:
            self._bring_up(self._places.current.resolve())
        except Failure as failure:
            self._fail(failure, "")
        self._tell()

    def follow(self) -> None:
        """Look at the pointer once, and do what it asks for."""
        wanted = self._pointer()
        if wanted and wanted != self._refused:
            self._refused = ""
        if wanted and wanted not in {self._report.bundle, self._refused}:
            self._roll_out(wanted)
        elif self._report.bundle and self._stopped():
            self._repair()
        self._tell()

    def _pointer(self) -> str:
        """Return the digest of the bundle in force; nothing while the bucket can't be asked."""
        name = f"s3://{self._env['BUCKET']}/{self._env['BUNDLE_POINTER']}"
        try:
            digest = self._aws("s3", "cp", name, "-").strip()
        except Failure as failure:
            say(f"the pointer can't be read: {failure.log_end or failure.reason}")
            return ""
        is_digest = len(digest) == DIGEST_LENGTH and set(digest) <= set("0123456789abcdef")
        return digest if is_digest else ""

    def _roll_out(self, digest: str) -> None:
        """Take up a bundle; one that does not become healthy is refused, the old one comes back."""
        say(f"rolling out bundle {digest[:12]}")
        failure = self._try_out(digest)
        if failure is None:
            self._take(self._places.bundles / digest)
            return
        before = self._report.bundle
        refused = bool(before) and not isinstance(failure, Unreachable)
        self._fail(failure, f"bundle {digest[:12]} is refused" if refused else "")
        if refused:
            self._refused = digest
            self._go_back(before)
        else:
            # What was missing may still come: the bundle; with the very first one, an image.
            self._tell()
            self._sleep(RETRY_AFTER_S)

    def _try_out(self, digest: str) -> Failure | None:
        """Bring up a bundle that may be bad; return what was wrong with it."""
        try:
            self._bring_up(self._fetch(digest), pull=True)
        except Failure as failure:
            return failure
        except Exception as error:  # noqa: BLE001  # no bundle, however odd, may end the agent
            return Failure(f"bundle {digest[:12]} can't be used: {type(error).__name__}: {error}")
        return None

    def _take(self, home: Path) -> None:
        """Put a bundle that has proved itself in force, and clear up after the ones before."""
        link = self._places.bundles / "next"
        link.unlink(missing_ok=True)
        link.symlink_to(home.name)
        link.replace(self._places.current)
        self._refused = ""
        self._report.bundle, self._report.reason, self._report.log_end = home.name, "", []
        say(f"bundle {home.name[:12]} is in force")
        kept = {home, self._places.current, Path(__file__).parents[2]}
        for old in self._places.bundles.iterdir():
            if old.is_dir() and old not in kept:
                shutil.rmtree(old)
        self._try(["docker", "image", "prune", "--all", "--force"])

    def _go_back(self, digest: str) -> None:
        """Bring up the bundle that was in force before."""
        say(f"going back to bundle {digest[:12]}")
        try:
            self._bring_up(self._places.bundles / digest)
        except Failure as failure:
            self._fail(failure, f"bundle {digest[:12]} did not come back either")

    def _repair(self) -> None:
        """Start what has stopped and was not started anew by Docker."""
        say("a service has stopped: bringing all up again")
        try:
            self._bring_up(self._places.current.resolve())
        except Failure as failure:
            self._fail(failure, "")
            self._tell()
            self._sleep(RETRY_AFTER_S)

    def _run_job(self, home: Path, job: str) -> None:
        self._compose(home, JOB_TIMEOUT_S, "run", "--rm", "--no-deps", "-T", job)

    def _fetch(self, digest: str) -> Path:
        """Return the folder of a bundle, fetched and compared with its name."""
        home = self._places.bundles / digest
        if home.is_dir():
            return home
        self._places.bundles.mkdir(parents=True, exist_ok=True)
        packed = self._places.bundles / f"{digest}.tar.gz"
        name = f"s3://{self._env['BUCKET']}/bundles/{digest}.tar.gz"
        try:
            self._aws("s3", "cp", name, str(packed))
        except Failure as failure:
            raise Unreachable(failure.reason, failure.log_end) from failure
        if hashlib.sha256(packed.read_bytes()).hexdigest() != digest:
            packed.unlink()
            message = f"bundle {digest[:12]} is not what its name says"
            raise Failure(message)
        part = self._places.bundles / f"{digest}.part"
        shutil.rmtree(part, ignore_errors=True)
        with tarfile.open(packed) as tar:
            tar.extractall(part, filter="data")
        # Containers read their configuration as users of their own.
        part.chmod(0o755)
        part.rename(home)
        packed.unlink()
        return home

    def _bring_up(self, home: Path, *, pull: bool = False) -> None:
        """Start a bundle's services and wait until each is well and the edge serves a model."""
        layout = json.loads((home / "layout.json").read_text())
        services: dict[str, dict[str, Any]] = layout["services"]
        for service, wanted in services.items():
            self._prepare(service, wanted)
        # What has run here before needs no registry: its images are still here.
        if pull:
            self._compose(home, PULL_TIMEOUT_S, "--profile", "*", "pull", "--quiet")
        wait = ("--wait", "--wait-timeout", str(HEALTHY_TIMEOUT_S))
        try:
            self._compose(home, HEALTHY_TIMEOUT_S + 60, "up", "--detach", "--remove-orphans", *wait)
        except Failure as failure:
            raise Failure(failure.reason, failure.log_end + self._ends(home)) from failure
        for service, wanted in services.items():
            if wanted["runs"] == "once":
                say(f"{service} runs")
                self._run_job(home, service)
        self._await_ready(home, layout["ready"])

    def _prepare(self, service: str, wanted: dict[str, Any]) -> None:
        """Make a service's data folder and fetch its secrets; both belong to its user."""
        user = int(wanted["user"])
        if wanted["data"]:
            folder = self._places.data / service
            if not folder.exists():
                folder.mkdir(mode=0o700)
                os.chown(folder, user, user)
        for secret in wanted["secrets"]:
            self._write_secret(self._places.secrets / service / secret, user)

    def _write_secret(self, path: Path, user: int) -> None:
        """Write a parameter's value to a file for one user; without AWS, one from before stays."""
        name = self._env["SECRETS_PREFIX"] + path.name
        try:
            value = self._aws(
                *("ssm", "get-parameter", "--with-decryption", "--name", name),
                *("--query", "Parameter.Value", "--output", "text"),
            )
        except Failure as failure:
            if not path.exists():
                raise
            say(f"{name} stays as it was: {failure.reason}")
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # In place: a container that runs has this very file mounted.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o400)
        with os.fdopen(descriptor, "w") as file:
            file.write(value.rstrip("\n"))
        os.chown(path, user, user)

    def _await_ready(self, home: Path, url: str) -> None:
        why = self._ready(url)
        for _ in range(int(READY_TIMEOUT_S)):
            if not why:
                return
            self._sleep(1)
            why = self._ready(url)
        message = f"no model is served after {READY_TIMEOUT_S:.0f} s: {why}"
        raise Failure(message, self._ends(home))

    def _states(self) -> dict[str, str]:
        """Return each container's state, by service."""
        try:
            listed = self._compose(
                self._places.current.resolve(), AWS_TIMEOUT_S, "ps", "--all", "--format", "json"
            )
        except Failure:
            return {}
        entries = [json.loads(line) for line in listed.splitlines() if line.strip()]
        return {e["Service"]: e.get("Health") or e["State"] for e in entries}

    def _stopped(self) -> bool:
        states = self._states()
        return any(state in {"exited", "dead", "created"} for state in states.values())

    def _ends(self, home: Path) -> list[str]:
        """Return the last lines of the containers that are not well."""
        try:
            listed = self._compose(home, AWS_TIMEOUT_S, "ps", "--all", "--format", "json")
            entries = [json.loads(line) for line in listed.splitlines() if line.strip()]
            sick = [
                e["Service"]
                for e in entries
                if e["State"] != "running" or e.get("Health") == "unhealthy"
            ]
            logs = ("logs", "--no-color", "--tail", "10", *sick)
            return self._compose(home, AWS_TIMEOUT_S, *logs).splitlines() if sick else []
        except Failure:
            return []

    def _compose(self, home: Path, timeout_s: float, *arguments: str) -> str:
        file = str(home / "compose.yaml")
        return self._run(["docker", "compose", "--file", file, *arguments], timeout_s)

    def _aws(self, *arguments: str) -> str:
        return self._run(["aws", *arguments], AWS_TIMEOUT_S)

    def _try(self, command: list[str]) -> None:
        try:
            self._run(command, AWS_TIMEOUT_S)
        except Failure as failure:
            say(failure.reason)

    def _fail(self, failure: Failure, consequence: str) -> None:
        self._report.failures += 1
        self._report.reason = f"{consequence}: {failure.reason}" if consequence else failure.reason
        self._report.log_end = failure.log_end
        say("\n".join([self._report.reason, *failure.log_end]))

    def _tell(self) -> None:
        """Store the report in the bucket when it says something new."""
        if self._report.bundle:
            self._report.services = self._states()
        if self._places.authority.exists():
            self._report.authority = self._places.authority.read_text()
        text = json.dumps(vars(self._report), indent=1)
        if text == self._told:
            return
        local = self._places.report
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_text(text)
        try:
            self._aws("s3", "cp", str(local), f"s3://{self._env['BUCKET']}/{self._env['STATUS']}")
            self._told = text
        except Failure as failure:
            say(f"the report can't be stored: {failure.log_end or failure.reason}")


if __name__ == "__main__":
    places = Places()
    agent = Agent(os.environ, places)
    try:
        Disk(os.environ["DATA_VOLUME"], places.data).mount()
    except Failure as error:
        agent.give_up(error)
        sys.exit(1)
    agent.work()
