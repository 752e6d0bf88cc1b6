"""Boots the host of stack `dev` for real, without AWS: `make boot-test`.

The real engine runs the real program; the user data that it gives to its instance boots a Debian 13
with real cloud-init, systemd, Docker and compose, which fetches its bundle and image and serves.
Then: a reboot, a roll-out, a bad roll-out that goes back, the end. The result is docs/boot-test.md.
"""

import datetime as dt
import fcntl
import json
import os
import platform
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import yaml
from rich.console import Console

from app.example import EXAMPLE_BODY
from benchmarks.scratch import CHECKOUT, copy_checkout, free_ports
from infra import probe
from infra.errors import UserError
from infra.local import aws, engine, processes
from infra.local.install import cache_folder
from tests.boot import docker, guest, metadata, rootfs, world

NEEDED = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "dockerd": "docker.io",
    "docker-registry": "docker-registry",
    "socat": "socat",
    "losetup": "mount",
    "nsenter": "util-linux",
}
UP_TIMEOUT_S = 1500
REPORT = CHECKOUT / "docs" / "boot-test.md"
ALLOWED_ERRORS = ("install-hotplug",)
"""What cloud-init reports of any Debian 13 in a container: there is no udev to hook into."""


def main() -> int:
    """Run the whole story and return the exit status."""
    console = Console(highlight=False)
    missing = [package for tool, package in NEEDED.items() if not shutil.which(tool)]
    if os.geteuid() or missing:
        what = f"`apt-get install {' '.join(missing)}`" if missing else "root"
        console.print(f"[red]error[/]: the boot test needs {what}: it boots a machine")
        return 2
    # A `kill` is an end like any other: the machine must not stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="boot-test.") as made:
        try:
            story = Story(Path(made), console)
        except UserError as error:
            console.print(f"[red]error[/]: {error}")
            return 2
        try:
            story.tell()
        except (RuntimeError, AssertionError, UserError, subprocess.SubprocessError) as error:
            console.print(f"\n[red]failed[/]: {error}", markup=True, soft_wrap=True)
            story.show_logs()
            if "--keep" in sys.argv:
                console.input("The machine is kept until you press Enter.")
            return 1
        finally:
            story.end()
    REPORT.write_text(story.report())
    console.print(f"[bold green]All of it worked.[/] {REPORT.relative_to(CHECKOUT)} says what.")
    return 0


class Story:
    """One run: the world, the machine, and what happened to them."""

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder = folder
        self._console = console
        self._cache = cache_folder() / "boot"
        self._cache.mkdir(parents=True, exist_ok=True)
        self._lock = (self._cache / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "another boot test runs on this machine: wait for it, or end it"
            raise UserError(message) from error
        self._ports = world.Ports(*free_ports(5))
        self._checkout = folder / "checkout"
        self._local = self._checkout / ".local"
        self._sockets = folder / "sockets"
        self._sockets.mkdir()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._docker = docker.Docker(self._cache, folder)
        self._guest = guest.Guest(folder / "root", self._sockets, folder / "guest.log")
        self._endpoint = f"http://127.0.0.1:{self._ports.aws}"
        self._metadata: metadata.Metadata | None = None
        self._engine: subprocess.Popen[str] | None = None
        self._facts: list[tuple[str, str]] = []
        self._began = time.monotonic()

    def tell(self) -> None:
        """Go through it all, in order."""
        self._step("the world: AWS API, registry, gateway, Docker", self._world)
        self._step("images that can't be pulled here", self._images)
        self._step("`pulumi up`, stack dev: image, host, first training, prediction", self._up)
        self._check_host()
        self._step("reboot: the host comes back by itself", self._reboot)
        self._step("`pulumi up` with a changed bundle: same host", self._roll_out)
        self._step("`pulumi up` with code that does not start: the host goes back", self._bad)
        self._step("`pulumi up` with the code mended", self._mended)
        self._step("`pulumi destroy`: nothing is left", self._destroy)

    def _step(self, what: str, act: Callable[[], str]) -> None:
        self._console.print(f"[bold cyan]»[/] {what}")
        began = time.monotonic()
        outcome = act()
        seconds = f"{time.monotonic() - began:.0f} s"
        self._console.print(f"  [green]{seconds}[/] {outcome}", soft_wrap=True)
        self._facts.append((what, f"{seconds}: {outcome}"))

    def _world(self) -> str:
        copy_checkout(self._checkout)
        engine.install_engine(self._local, self._checkout, self._say)
        # The host is a machine of this test's own.
        engine.link_providers(self._local, self._checkout, machines=False)
        self._configure()
        aws.ensure_running(self._local, self._ports.aws)
        self._processes.append(
            docker.start_registry(self._cache, self._folder, self._ports.registry)
        )
        caddy = Path(sys.executable).parent / "caddy"
        self._processes.append(world.start_gateway(caddy, self._cache, self._folder, self._ports))
        self._processes += world.start_sockets(self._sockets, self._ports)
        self._processes += self._docker.start()
        _await(lambda: world.authority(self._cache).exists(), 30, "the gateway's certificate")
        return "on 127.0.0.1 only"

    def _configure(self) -> None:
        path = self._checkout / "Pulumi.dev.yaml"
        document = yaml.safe_load(path.read_text())
        changes: dict[str, object] = {
            "allowedCidr": "127.0.0.1/32",
            "awsEndpoint": self._endpoint,
            "hostAddress": "127.0.0.1",
            "ports": {"proxy": self._ports.edge},
            "amiParameter": yaml.safe_load((self._checkout / "Pulumi.local.yaml").read_text())[
                "config"
            ]["pulumi-mlops:amiParameter"],
        }
        document["config"] |= {f"pulumi-mlops:{key}": value for key, value in changes.items()}
        path.write_text(yaml.safe_dump(document))

    def _images(self) -> str:
        services = rootfs.obtain(self._cache, "services", rootfs.SERVICES, self._say)
        machine = rootfs.obtain(self._cache, "machine", rootfs.MACHINE, self._say)
        authority = world.authority(self._cache)
        caddy = Path(sys.executable).parent / "caddy"
        self._docker.stand_ins(services, authority, caddy)
        for name in docker.pulled():
            repository = name if "/" in name else f"library/{name}"
            local = f"127.0.0.1:{self._ports.registry}/{repository}"
            self._docker.run("tag", name, local)
            self._docker.run("push", "--quiet", local)
        rootfs.copy(machine, self._guest.root)
        self._guest.prepare(authority, self._ports.edge)
        self._guest.attach_disk()
        return f"{len(docker.pulled())} names, each with the service's real program but Grafana's"

    def _pulumi(self, *arguments: str) -> subprocess.Popen[str]:
        env = {
            **self._docker.env,
            "NO_COLOR": "1",
            "PULUMI_MLOPS_REGISTRY": f"127.0.0.1:{self._ports.registry}",
        }
        script = 'source .local/env && exec pulumi "$@"'
        self._engine = subprocess.Popen(
            ["bash", "-c", script, "pulumi", *arguments, "--non-interactive"],
            cwd=self._checkout,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self._engine

    def _end_of(self, running: subprocess.Popen[str], *, fails: bool = False) -> str:
        said, _ = running.communicate(timeout=UP_TIMEOUT_S)
        (self._folder / "pulumi.log").open("a").write(said)
        if bool(running.returncode) != fails:
            message = f"pulumi ended with {running.returncode}:\n{said[-6000:]}"
            raise RuntimeError(message)
        return said

    def _output(self, name: str) -> str:
        """Return an output of the stack, a secret one too: it is kept in no log."""
        running = self._pulumi("stack", "output", name, "--show-secrets", "--stack", "dev")
        said, _ = running.communicate(timeout=UP_TIMEOUT_S)
        return said.strip()

    def _up(self) -> str:
        self._end_of(self._pulumi("stack", "init", "dev"))
        running = self._pulumi("up", "--yes", "--skip-preview", "--stack", "dev")
        found: dict[str, Any] = {}

        def instance_is_there() -> bool:
            if running.poll() is not None:
                self._end_of(running)
            found.update(self._instance() or {})
            return bool(found)

        _await(instance_is_there, 900, "the instance")
        built = time.monotonic()
        self._metadata = metadata.Metadata(
            self._endpoint, world.REGION, found["id"], found["userData"]
        )
        metadata.serve(self._metadata, self._ports.metadata)
        host = yaml.safe_load(found["userData"])
        volume = str(host["write_files"][0]["content"]).split("DATA_VOLUME='")[1].split("'")[0]
        self._volume = volume
        self._guest.boot(volume)
        self._end_of(running)
        self._key = self._output("api_key")
        self._authority = self._output("edge_authority") + "\n"
        answer = self._predict()
        seconds = time.monotonic() - built
        return f"the host answered {seconds:.0f} s after its power-on: {json.dumps(answer)}"

    def _instance(self) -> dict[str, Any] | None:
        """Return the declared instance as the engine's state has it, once it is made."""
        path = next((self._local / "state/.pulumi/stacks").rglob("dev.json"), None)
        try:
            document = json.loads(path.read_text()) if path else {}
        except ValueError:
            return None  # half-written
        resources = document.get("checkpoint", {}).get("latest", {}).get("resources", [])
        for resource in resources:
            if resource["type"] == "aws:ec2/instance:Instance" and resource.get("id"):
                return {**resource["outputs"], "id": resource["id"]}
        return None

    def _predict(self) -> dict[str, Any]:
        request = urllib.request.Request(  # loopback
            f"https://127.0.0.1:{self._ports.edge}/predict",
            json.dumps(EXAMPLE_BODY).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        with urllib.request.urlopen(  # loopback
            request, timeout=20, context=ssl.create_default_context(cadata=self._authority)
        ) as answered:
            answer: dict[str, Any] = json.load(answered)
        return answer

    def _check_host(self) -> None:
        """Look at what cloud-init, Docker and the disk say of themselves."""
        result = json.loads(self._guest.run("cat", "/var/lib/cloud/data/result.json"))
        errors = [e for e in result["v1"]["errors"] if not any(a in e for a in ALLOWED_ERRORS)]
        assert not errors, f"cloud-init reports {errors}"
        schema = self._guest.run("cloud-init", "schema", "--system")
        assert "Valid schema user-data" in schema, schema
        config = self._guest.run(
            *("docker", "compose", "--file", "/opt/pulumi-mlops/current/compose.yaml"),
            *("config", "--quiet"),
        )
        assert not config.strip(), config
        mounted = self._guest.run("findmnt", "-n", "-o", "FSTYPE,LABEL", "/var/lib/pulumi-mlops")
        assert "ext4" in mounted, mounted
        users = self._guest.run("docker", "ps", "--format", "{{.Names}}").split()
        assert len(users) >= 8, users  # the lasting services
        secrets = self._guest.run("find", "/run/pulumi-mlops/secrets", "-type", "f", "-ls")
        assert "-r--------" in secrets, secrets
        database = ("docker", "exec", "pulumi-mlops-postgres-1", "psql", "-X", "-A", "-t")
        address = ("-h", "127.0.0.1", "-U", "service", "-d", "service")
        own = self._guest.run(*database, *address, "-c", "SELECT current_user").strip()
        assert own == "service", own
        memory = {name: self._memory_mb(name) for name in sorted(users)}
        told = self._guest.run("systemd-analyze", "time").splitlines()
        self._facts += [
            ("cloud-init", f"no error; `cloud-init schema`: valid; {told[0] if told else ''}"),
            ("containers", f"{len(users)}, each healthy"),
            (
                "memory at rest",
                f"{sum(memory.values())} MB: "
                + ", ".join(f"{name} {mb}" for name, mb in memory.items()),
            ),
            ("image", self._image_size()),
            ("databases", "MLflow's, and the API's own by a role that reaches no other"),
            ("data volume", f"formatted once and mounted: {mounted.strip()}"),
            ("secrets", "one file a secret, 0400, of its service's user, in memory"),
        ]

    def _memory_mb(self, container: str) -> int:
        """Return the resident memory of a container's processes; what they share counts twice."""
        # Docker wants to see the process ids, too.
        listed = self._guest.run("docker", "top", container, "-eo", "pid,rss").splitlines()[1:]
        return sum(int(line.split()[1]) for line in listed) // 1024

    def _image_size(self) -> str:
        """Return what this repository's image adds to its base."""

        def megabytes(name: str) -> int:
            shown = self._docker.run("image", "inspect", "--format", "{{.Size}}", name).stdout
            return int(shown) // 10**6

        listed = self._docker.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout
        (ours,) = [n for n in listed.split() if f":{self._ports.registry}/pulumi-mlops-dev-" in n]
        added = megabytes(ours) - megabytes(docker.BASE_IMAGE)
        return f"{added} MB beyond its base, unpacked"

    def _status(self) -> dict[str, Any]:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("s3", endpoint_url=self._endpoint, region_name=world.REGION, **keys)
        (bucket,) = [
            b["Name"] for b in client.list_buckets()["Buckets"] if "artifacts" in b["Name"]
        ]
        stored = client.get_object(Bucket=bucket, Key="host/status.json")["Body"].read()
        status: dict[str, Any] = json.loads(stored)
        return status

    def _reboot(self) -> str:
        self._guest.stop()
        self._guest.boot(self._volume)
        began = time.monotonic()
        answer = _await(self._predict, 300, "a prediction after the reboot")
        return f"predicts {time.monotonic() - began:.0f} s after power-on: {answer['predictions']}"

    def _roll_out(self) -> str:
        before = self._identity()
        kept = self._started("xgboost-api")
        self._set("ports", {"proxy": self._ports.edge, "node-exporter": 9191})
        self._end_of(self._pulumi("up", "--yes", "--skip-preview", "--stack", "dev"))
        assert self._identity() == before, "another host"
        ports = self._guest.run("docker", "ps", "--format", "{{.Names}}")
        assert self._started("xgboost-api") == kept, f"the API was restarted: {ports}"
        return "the node exporter moved to another port; the API's container kept running"

    def _bad(self) -> str:
        wsgi = self._checkout / "app" / "wsgi.py"
        self._good_code = wsgi.read_text()
        wsgi.write_text('raise SystemExit("this release does not start")\n')
        bundle = self._status()["bundle"]
        said = self._end_of(
            self._pulumi("up", "--yes", "--skip-preview", "--stack", "dev"), fails=True
        )
        assert "this release does not start" in said, said[-3000:]
        _await(lambda: self._status()["bundle"] == bundle, 120, "the way back")
        answer = _await(self._predict, 300, "a prediction after the way back")
        return f"`pulumi up` failed with the log's end; still predicts: {answer['predictions']}"

    def _mended(self) -> str:
        (self._checkout / "app" / "wsgi.py").write_text(self._good_code)
        self._end_of(self._pulumi("up", "--yes", "--skip-preview", "--stack", "dev"))
        return f"predicts: {self._predict()['predictions']}"

    def _destroy(self) -> str:
        self._guest.stop()
        self._end_of(self._pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev"))
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("s3", endpoint_url=self._endpoint, **keys)
        assert not client.list_buckets()["Buckets"]
        return "no bucket, no instance"

    def _identity(self) -> str:
        instance = self._instance()
        assert instance is not None
        return str(instance["id"])

    def _started(self, service: str) -> str:
        name = f"pulumi-mlops-{service}-1"
        return self._guest.run("docker", "inspect", "--format", "{{.State.StartedAt}}", name)

    def _set(self, key: str, value: object) -> None:
        path = self._checkout / "Pulumi.dev.yaml"
        document = yaml.safe_load(path.read_text())
        document["config"][f"pulumi-mlops:{key}"] = value
        path.write_text(yaml.safe_dump(document))

    def _say(self, text: str) -> None:
        self._console.print(f"  {text}")

    def show_logs(self) -> None:
        """Print the ends of the logs that may tell why."""
        names = ("guest.log", "gateway-start.log")
        paths = [self._folder / name for name in names]
        paths += [self._guest.root / "var/log/cloud-init-output.log"]
        for path in paths:
            if path.exists():
                self._console.rule(path.name)
                self._console.print(path.read_text(errors="replace")[-3000:], markup=False)
        if not self._guest.is_on():
            return
        for command in (
            ("journalctl", "-u", "pulumi-mlops", "-n", "60", "--no-pager"),
            ("docker", "ps", "--all"),
        ):
            self._console.rule(" ".join(command))
            self._console.print(self._guest.run(*command)[-6000:], markup=False)

    def end(self) -> None:
        """End everything that was started, the machine first."""
        if self._engine is not None and self._engine.poll() is None:
            self._engine.terminate()
            self._engine.wait(60)
        self._guest.remove()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        subprocess.run(["umount", "-q", str(self._folder / "exec/netns/default")], check=False)
        aws.stop(self._local)
        processes.end(list(processes.owned(self._local)))

    def report(self) -> str:
        """Return the page that says what was run and seen."""
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        rows = "\n".join(
            f"| {what} | {outcome.replace('|', '/')} |" for what, outcome in self._facts
        )
        pulled = ", ".join(f"`{name}`" for name in docker.pulled())
        return f"""# The boot test

Written by `make boot-test`, which boots the host of stack `dev` for real, without AWS: the real
engine runs the program, the user data that it gives to its instance boots a Debian 13 under
systemd-nspawn with real cloud-init, systemd, Docker and compose. Last run:
{dt.datetime.now(dt.UTC):%Y-%m-%d}, commit {commit}, on {platform.system()}
{platform.machine()} with {os.cpu_count()} cores; {time.monotonic() - self._began:.0f} s in all.

| step | seen |
|---|---|
{rows}

What it does not show: the images {pulled} can't be pulled where this ran. One image stands for
them with each service's real program, by Debian; Grafana alone is played by a few lines that read
its password and provisioning. EC2's hop limit, security groups, IAM, and the kernel's own memory
limits are not modelled; nor is an arm64 host.
"""


def _await(look: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Return the first true result of `look`."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            if found := look():
                return found
        except OSError:
            pass
        if time.monotonic() > deadline:
            message = f"{what} did not come within {timeout_s:.0f} s"
            raise RuntimeError(message)
        time.sleep(probe.POLL_S)


if __name__ == "__main__":
    sys.exit(main())
