"""Finds, watches and ends the processes that stack `local` started: its own only, by a mark."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

MARK = "PULUMI_MLOPS_OWNER"
"""Environment variable that each process of the stack carries: the folder that it belongs to."""


FOREIGN = ("AWS_", "GF_", "GRANIAN_", "MLFLOW_")
"""Beginnings of the variables that the stack sets for its processes itself."""


def environment(owner: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment, marked as belonging to `owner`.

    What the user's shell says to AWS clients and to services is meant for others: a real account's
    keys or endpoint have no business here.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    return {**inherited, MARK: str(owner), **(extra or {})}


def owned(owner: Path) -> Iterator[psutil.Process]:
    """Yield the running processes that belong to `owner`, except this one.

    The mark is inherited, so children that outlived a killed parent are found too.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(owner):
                yield process


def is_alive(pid: int, name: str) -> bool:
    """Tell whether a process of this name works.

    One that has ended and was not yet collected does not, nor one that has the number by chance.
    """
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.name() == name)
    except psutil.NoSuchProcess:
        return False


def end(processes: list[psutil.Process], timeout_s: float = 10.0) -> None:
    """Ask the processes to end, and kill those that have not after `timeout_s` seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=timeout_s)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=timeout_s)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection that is still winding down does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listener(port: int) -> psutil.Process | None:
    """Return the process that listens on this port; None where it can't be seen or is free."""
    return next(listeners(port), None)


def listeners(port: int) -> Iterator[psutil.Process]:
    """Yield the processes that listen on this port: a server's workers may do so side by side."""
    for connection in psutil.net_connections("tcp"):
        # A listening socket always has a local address: its host and its port.
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr[1:2] == (port,)
            and connection.pid
        ):
            with contextlib.suppress(psutil.NoSuchProcess):
                yield psutil.Process(connection.pid)


def describe_listener(port: int) -> str:
    """Name the process that holds a port, for a message."""
    process = listener(port)
    if process is None:
        return "a process of another user"
    try:
        return f"{process.name()} (pid {process.pid})"
    except psutil.NoSuchProcess:
        return f"pid {process.pid}"


def tree(pid: int) -> set[int]:
    """Return the ids of a process and of all that it started; nothing of one that is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return {pid, *(child.pid for child in root.children(recursive=True))}
    return set()


def belongs_to(process: psutil.Process | None, owner: Path) -> bool:
    """Tell whether a process carries the mark of `owner`."""
    if process is None:
        return False
    try:
        return process.environ().get(MARK) == str(owner)
    except psutil.Error:
        return False
