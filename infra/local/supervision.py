"""A machine's supervisor (supervisord): its configuration, and the way to talk to it."""

import hashlib
import http.client
import os
import shlex
import shutil
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from infra.errors import UserError

GONE = (OSError, http.client.HTTPException)
STOP_TIMEOUT_S = 30.0
RUNNING_STATE = 1

MAIN = """\
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
logfile={home}/log/supervisor.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={home}/supervisor.pid
silent=true
{user}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

; Relative to this file: a blank in an absolute path would make two of it.
[include]
files=services.ini

[program:agent]
command={agent}
priority=1
autorestart=true
startsecs=0
stopasgroup=true
stdout_logfile={home}/log/agent.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
redirect_stderr=true
"""

PROGRAM = """\
[program:{name}]
command={command}
environment={environment}
autostart=false
autorestart={restart}
startsecs={start_s}
startretries=1000
stopwaitsecs={stop_s}
stopasgroup=true
killasgroup=true
stdout_logfile={home}/log/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
redirect_stderr=true
{directory}
"""


@dataclass(frozen=True)
class Program:
    """One program that a supervisor runs."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    restart: bool = True
    directory: str = ""
    stop_s: int = 10


@dataclass(frozen=True)
class ProgramState:
    """What the supervisor knows of a program."""

    state: str
    pid: int
    exit_status: int
    problem: str


def _folder(home: Path) -> Path:
    # A socket's path has 107 bytes at most, and a checkout may be deeper than that.
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"pulumi-mlops-{os.getuid()}-{digest}"


def configure(home: Path, agent: list[str]) -> Path:
    """Write the supervisor's own configuration and return its path.

    Raises
    ------
    UserError
        Somebody else holds the folder of its socket.
    """
    folder = _folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        message = (
            f"{folder} belongs to somebody else: remove it, or set TMPDIR to a folder of yours"
        )
        raise UserError(message)
    folder.chmod(0o700)
    text = MAIN.format(
        socket=folder / "supervisor.sock",
        home=_escape(str(home)),
        agent=_escape(shlex.join(agent)),
        # Without the line, root is warned that privileges were not dropped.
        user="user=root" if os.getuid() == 0 else "",
    )
    path = home / "supervisor.ini"
    path.write_text(text)
    return path


def write_programs(home: Path, programs: list[Program]) -> None:
    """Write the services that the supervisor is to know."""
    texts = [
        PROGRAM.format(
            name=program.name,
            command=_escape(shlex.join(program.command)),
            environment=",".join(
                f'{name}="{_escape(value)}"' for name, value in program.environment.items()
            ),
            restart="true" if program.restart else "false",
            # What ends sooner has failed and is tried ever later; what runs once may be quick.
            stop_s=program.stop_s,
            start_s=1 if program.restart else 0,
            home=_escape(str(home)),
            directory=_escape(f"directory={program.directory}") if program.directory else "",
        )
        for program in programs
    ]
    (home / "services.ini").write_text("\n".join(texts))


def _escape(text: str) -> str:
    """Keep supervisord from reading percent signs as its own expansions."""
    return text.replace("%", "%%")


def client(home: Path) -> Any:  # noqa: ANN401
    """Return the supervisor's RPC interface."""
    # Each call opens the socket anew, so that a client outlives a supervisor's restart.
    transport = SupervisorTransport(None, None, f"unix://{_folder(home) / 'supervisor.sock'}")
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def answers(home: Path) -> bool:
    """Tell whether the supervisor of this folder runs."""
    try:
        return bool(client(home).getState()["statecode"] == RUNNING_STATE)
    except (*GONE, xmlrpc.client.Error):
        return False


def states(home: Path) -> dict[str, ProgramState]:
    """Return every program's state by its name."""
    return {
        info["name"]: ProgramState(
            info["statename"], info["pid"], info["exitstatus"], info["spawnerr"]
        )
        for info in client(home).getAllProcessInfo()
    }


def reload(home: Path) -> None:
    """Let the supervisor take up changed, new and removed services; the unchanged run on."""
    rpc = client(home)
    ((added, changed, removed),) = rpc.reloadConfig()
    for name in [*removed, *changed]:
        rpc.stopProcessGroup(name)
        rpc.removeProcessGroup(name)
    for name in [*added, *changed]:
        rpc.addProcessGroup(name)


def start(home: Path, name: str) -> str | None:
    """Start one program; return why the supervisor refuses to, if it does."""
    try:
        client(home).startProcess(name, False)  # noqa: FBT003  # the RPC takes positions only
    except xmlrpc.client.Fault as fault:
        return None if fault.faultCode == Faults.ALREADY_STARTED else str(fault.faultString)
    return None


def shut_down(home: Path) -> None:
    """End the supervisor with everything that it runs, and wait for that."""
    try:
        client(home).shutdown()
    except (*GONE, xmlrpc.client.Error):
        return
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < deadline and (home / "supervisor.pid").exists():
        time.sleep(0.05)


def forget(home: Path) -> None:
    """Remove what the supervisor keeps outside of its machine's folder."""
    shutil.rmtree(_folder(home), ignore_errors=True)
