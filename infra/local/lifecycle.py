"""`make up` and `make down`: everything around the engine's own `pulumi up`."""

import contextlib
import fcntl
import json
import os
import shlex
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from rich.console import Console

from app.example import EXAMPLE_BODY
from infra import probe, services, settings, urls
from infra.errors import UserError
from infra.local import agent, aws, engine, files, machine, processes
from infra.local.binaries import install_binaries
from infra.local.provider.home import Home
from infra.settings import Settings

STACK = "local"
ANSWER_TIMEOUT_S = 90.0
CANCEL_TIMEOUT_S = 10.0


def local_dir(checkout: Path) -> Path:
    """Return the folder that holds everything of stack `local`."""
    return checkout / ".local"


def stack_settings(checkout: Path) -> Settings:
    """Read the stack's settings the way that the program will.

    Raises
    ------
    UserError
        A setting can't be used, or its file can't be read.
    """
    path = checkout / f"Pulumi.{STACK}.yaml"
    project = yaml.safe_load((checkout / "Pulumi.yaml").read_text())["name"]
    try:
        document = yaml.safe_load(path.read_text())
        configured = (document.get("config") or {}).items()
    except (OSError, yaml.YAMLError, AttributeError) as error:
        message = f"{path} can't be read: {error}. `git checkout {path.name}` brings it back."
        raise UserError(message) from error
    prefix = f"{project}:"
    values = {k.removeprefix(prefix): v for k, v in configured if k.startswith(prefix)}
    chosen = settings.read(project, STACK, values)
    services.ports(chosen)
    if chosen.aws_endpoint is None:
        message = f"{path.name} has no awsEndpoint: stack {STACK} would talk to the real AWS"
        raise UserError(message)
    return chosen


def local_urls(chosen: Settings) -> dict[str, str]:
    """Return each service's URL on this machine."""
    return urls.urls(chosen, chosen.host_address or "127.0.0.1")


def up(checkout: Path) -> int:
    """Bring the local stack up and return the exit status.

    Raises
    ------
    UserError
        Something that people can mend is in the way.
    """
    console = Console(highlight=False)
    home = local_dir(checkout)
    home.mkdir(exist_ok=True)
    # The passphrase, the state and the emulator's secrets are in it.
    home.chmod(0o700)
    with _alone(home):
        started = time.monotonic()
        chosen = stack_settings(checkout)
        check_ports(home, chosen)
        engine.install_engine(home, checkout, _teller(console))
        notes = install_binaries(home, _teller(console))
        _step(console, "embedded AWS")
        # The provider would wake it too: so its services start while the engine does.
        Home.at(home).wake({urlsplit(chosen.aws_endpoint or "").port or 0})
        _step(console, "pulumi up (the program, stack local)")
        _forget_salt(checkout)
        _pulumi(checkout, ["stack", "select", "--create", STACK], quiet=True)
        _unlock(checkout)
        _pulumi(checkout, ["up", "--refresh", "--run-program", "--yes", "--skip-preview"])
        _forget_salt(checkout)
        answer = _first_answer(checkout, chosen)
        notes += _data_note(chosen, str(answer.get("run_id")))
        _summary(console, chosen, answer, notes, time.monotonic() - started)
    return 0


def down(checkout: Path) -> int:
    """Stop every process of the local stack and return the exit status."""
    console = Console(highlight=False)
    home = local_dir(checkout)
    for existing in machine.machines(home):
        _step(console, f"stopping the services of {existing.instance_id}")
        machine.stop(existing)
    _step(console, "stopping the embedded AWS")
    aws.stop(home)
    _forget_salt(checkout)
    console.print("Everything is stopped; data and models stay. `make up` brings it all back.")
    return 0


def check_ports(home: Path, chosen: Settings) -> None:
    """Refuse to begin while another program holds a port that the stack needs.

    Raises
    ------
    UserError
        Every such port, with its holder and the setting that changes it.
    """
    taken = [
        agent.port_message(name, port)
        for name, port in services.ports(chosen).items()
        if not processes.is_free(port) and not _is_ours(home, port)
    ]
    if taken:
        raise UserError("\n".join(taken))


def _is_ours(home: Path, port: int) -> bool:
    holder = processes.listener(port)
    return any(processes.belongs_to(holder, m.home) for m in machine.machines(home))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one `make up` at a time work on a checkout."""
    with (home / "up.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            message = f"another `make up` works on this checkout (pid {handle.read().strip()}): "
            raise UserError(message + "wait for it, or end it") from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def environment(checkout: Path) -> dict[str, str]:
    """Return the environment that `source .local/env` makes."""
    printed = subprocess.run(
        ["sh", "-c", '. "$1" && env -0', "sh", str(local_dir(checkout) / "env")],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(entry.split("=", 1) for entry in printed.stdout.split("\0") if entry)


def _pulumi(checkout: Path, arguments: list[str], *, quiet: bool = False) -> None:
    """Run the engine; Ctrl-C reaches it too, and it is given time to end in good order.

    Raises
    ------
    UserError
        The engine says that it failed.
    KeyboardInterrupt
        Ctrl-C, once the engine has ended.
    """
    output = subprocess.PIPE if quiet else None
    command = ["pulumi", *arguments, "--non-interactive"]
    with subprocess.Popen(
        command,
        cwd=checkout,
        env=environment(checkout),
        stdout=output,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    ) as running:
        try:
            said, _ = running.communicate()
        except KeyboardInterrupt:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(timeout=CANCEL_TIMEOUT_S)
            running.kill()
            raise
    if running.returncode:
        why = f":\n{said}" if quiet else ": see above."
        message = f"`pulumi {arguments[0]}` failed{why}\nWhen it is mended, `make up` continues."
        raise UserError(message)


def _forget_salt(checkout: Path) -> None:
    """Keep the salt of this checkout's generated passphrase out of the tracked settings.

    The engine writes it there, and would refuse it with the passphrase of another checkout; the
    state has its own. A stack whose settings hold secrets needs it, and keeps it.
    """
    path = checkout / f"Pulumi.{STACK}.yaml"
    lines = path.read_text().splitlines(keepends=True)
    if not any("secure:" in line for line in lines):
        kept = "".join(line for line in lines if not line.startswith("encryptionsalt:"))
        files.write(path, kept, 0o644)


def _unlock(checkout: Path) -> None:
    """Remove the lock of an engine that was killed; a living one keeps its own."""
    for lock in (local_dir(checkout) / "state").glob(".pulumi/locks/**/*.json"):
        try:
            holder = json.loads(lock.read_text())["pid"]
        except (ValueError, KeyError):
            holder = 0  # half-written
        if not processes.is_alive(holder, "pulumi"):
            lock.unlink(missing_ok=True)


def _operator_key(checkout: Path) -> str:
    """Return the key that the machine's API takes; nothing before the machine has one."""
    files = [m.secrets / "operator-key" for m in machine.machines(local_dir(checkout))]
    return next((file.read_text() for file in files if file.exists()), "")


def _first_answer(checkout: Path, chosen: Settings) -> dict[str, object]:
    """Ask for one prediction: after a restart the engine had nothing to wait for."""
    url = local_urls(chosen)["xgboost-api"]
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    key = _operator_key(checkout)
    found = probe.ask(url, key=key)
    while found.prediction is None:
        if time.monotonic() > deadline:
            message = (
                f"no prediction after {ANSWER_TIMEOUT_S:.0f} s: {found.reason}. "
                "`make status` and `make logs` tell more."
            )
            raise UserError(message)
        time.sleep(probe.POLL_S)
        found = probe.ask(url, key=key)
    return found.prediction


def _data_note(chosen: Settings, run_id: str) -> list[str]:
    """Say so when the served model has not seen real data."""
    try:
        url = f"{local_urls(chosen)['mlflow']}/api/2.0/mlflow/runs/get?run_id={run_id}"
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310  # loopback
            tags = {tag["key"]: tag["value"] for tag in json.load(response)["run"]["data"]["tags"]}
    except (OSError, ValueError, KeyError):
        return []
    if tags.get("dataset") != "generated":
        return []
    note = (
        "The model was trained on generated data: the real set was not found and could not be "
        "downloaded. With HOUSING_CSV=FILE in the environment, or the file in data/, a fresh "
        "stack trains on it."
    )
    return [note]


def _teller(console: Console) -> Callable[[str], None]:
    return lambda text: _step(console, text)


def _step(console: Console, text: str) -> None:
    console.print(f"[bold cyan]»[/] {text}")


def _summary(
    console: Console,
    chosen: Settings,
    answer: dict[str, object],
    notes: list[str],
    seconds: float,
) -> None:
    where = local_urls(chosen)
    console.print(f"\n[bold green]Up[/] in {seconds:.0f} s. A real prediction has answered:")
    console.print(f"  {json.dumps(answer)}", soft_wrap=True, markup=False)
    console.print(f"  {'a page':<12}{where['xgboost-api'].removesuffix('predict')}")
    for name in ("mlflow", "prometheus", "grafana"):
        if not any("rafana" in note for note in notes) or name != "grafana":
            console.print(f"  {name:<12}{where[name]}")
    for note in notes:
        console.print(f"[yellow]note[/] {note}", soft_wrap=True)
    console.print("Ask it yourself:")
    body = json.dumps(EXAMPLE_BODY)
    line = f"curl {where['xgboost-api']} -H 'Content-Type: application/json' -d {shlex.quote(body)}"
    if chosen.auth == "required":
        shown = f"pulumi stack output api_key --show-secrets --stack {STACK}"
        line += f' -H "Authorization: Bearer $({shown})"'
    console.print(f"  {line}", soft_wrap=True, markup=False)
    console.print("For literal pulumi commands in this shell: [bold]source .local/env[/]")
