"""`make status` and `make logs`: what runs, how it is, what it says."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from infra import services
from infra.errors import UserError
from infra.local import aws, lifecycle, machine, processes, supervision


@dataclass(frozen=True)
class Row:
    """One line of the overview; memory is the proportional set size of all its processes."""

    service: str
    state: str
    pid: int | None
    memory_mb: float
    url: str


def rows(checkout: Path) -> list[Row]:
    """Return the state of the embedded AWS and of every service."""
    home = lifecycle.local_dir(checkout)
    chosen = lifecycle.stack_settings(checkout)
    where = lifecycle.local_urls(chosen)
    servers = list(processes.owned(aws.folder(home)))
    found = [
        Row(
            "embedded-aws",
            "healthy" if servers else "stopped",
            servers[0].pid if servers else None,
            sum(map(_memory_mb, servers)),
            chosen.aws_endpoint or "",
        )
    ]
    for existing in machine.machines(home):
        found += _machine_rows(existing, where)
    return found


def _machine_rows(existing: machine.Machine, where: dict[str, str]) -> list[Row]:
    if not existing.is_on():
        known = services.services_of("processes")
        return [Row(s.name, "stopped", None, 0.0, where.get(s.name, "")) for s in known]
    reported = json.loads(existing.status.read_text()) if existing.status.exists() else {}
    running = supervision.states(existing.home)
    return [
        Row(
            name,
            reported.get("services", {}).get(name, state.state.lower()),
            state.pid or None,
            _tree_memory_mb(state.pid),
            where.get(name, ""),
        )
        for name, state in running.items()
    ]


def _tree_memory_mb(pid: int) -> float:
    if not pid or not psutil.pid_exists(pid):
        return 0.0
    process = psutil.Process(pid)
    return sum(map(_memory_mb, [process, *process.children(recursive=True)]))


def _memory_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 2**20
    except psutil.Error:
        return 0.0


def status(checkout: Path, *, as_json: bool) -> int:
    """Print the overview; the exit status is 0 when every service is up."""
    found = rows(checkout)
    good = all(row.state in {"healthy", "done", "missing", "running"} for row in found)
    if as_json:
        print(json.dumps([asdict(row) for row in found], indent=1))  # noqa: T201
        return 0 if good else 1
    table = Table("service", "state", "pid", "memory MB", "url")
    for row in found:
        colour = dict.fromkeys(("healthy", "done", "running"), "green")
        colour["missing"] = "yellow"
        table.add_row(
            row.service,
            f"[{colour.get(row.state, 'red')}]{row.state}[/]",
            str(row.pid or ""),
            f"{row.memory_mb:.0f}" if row.memory_mb else "",
            row.url,
        )
    console = Console()
    console.print(table)
    console.print(f"memory in all: {sum(row.memory_mb for row in found):.0f} MB")
    return 0 if good else 1


def logs(checkout: Path, *, follow: bool) -> int:
    """Print the ends of all logs, and what is added to them.

    Raises
    ------
    UserError
        There is no machine whose logs could be shown.
    """
    home = lifecycle.local_dir(checkout)
    files = [str(path) for m in machine.machines(home) for path in sorted(m.log.glob("*.log"))]
    if not files:
        message = "there are no logs: `make up` starts the services"
        raise UserError(message)
    files.append(str(aws.folder(home) / "server.log"))
    return subprocess.call(["tail", "-n", "20", *(["-F"] if follow else []), *files])
