"""A server of a benchmark while it runs: started, asked, weighed, ended."""

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from infra.local.processes import end, environment, owned

START_LIMIT_S = 300.0
POLL_S = 0.01
ANSWER_LIMIT_S = 30.0
OK = 200
LOG_END = 3_000


@dataclass(frozen=True)
class Running:
    """A server that runs, with all its processes."""

    cold_start_s: float
    """From its start to the first answer."""
    processes: Sequence[psutil.Process]

    def cpu_s(self) -> float:
        """Return the processor time that its processes have used until now."""
        times = [process.cpu_times() for process in self.processes]
        return sum(time.user + time.system for time in times)

    def memory_mb(self) -> float:
        """Return the memory of all its processes together: see `footprint`."""
        return footprint([_mapped(process) for process in self.processes]) / 2**20


@contextmanager
def started(
    command: Sequence[str],
    variables: Mapping[str, str],
    folder: Path,
    is_ready: Callable[[], bool],
) -> Iterator[Running]:
    """Start a server, wait until it is ready, and end all that it has started.

    Parameters
    ----------
    command, variables
        How it is started, and what its environment has beside this process's.
    folder
        Its working directory, which marks its processes as ours; its log is kept there.
    is_ready
        Tells whether it answers; asked until it does.

    Raises
    ------
    RuntimeError
        It has ended or does not get ready; the end of its log is told.
    """
    begun = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(folder, variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        while not is_ready():
            if process.poll() is not None or time.perf_counter() - begun > START_LIMIT_S:
                message = f"{' '.join(command)} does not answer:\n{end_of_log(folder)}"
                raise RuntimeError(message)
            time.sleep(POLL_S)
        cold_start_s = time.perf_counter() - begun
        yield Running(cold_start_s, list(owned(folder)))
    finally:
        end(list(owned(folder)))
        process.wait()


class Mapped(NamedTuple):
    """Bytes that a process maps of one file, or of memory of its own (`[heap]` and the like)."""

    path: str
    pss: int
    private: int
    shared: int


def footprint(processes: Sequence[Sequence[Mapped]]) -> int:
    """Return the bytes that processes take as if there were no others on the machine.

    That is their proportional set size (PSS), but for one thing: a library's pages count once in
    full. By plain PSS a server looks smaller when others here, as the registry or this benchmark,
    have the same libraries open.
    """
    own = 0
    libraries: dict[str, int] = {}
    for mapped in (mapped for process in processes for mapped in process):
        if mapped.path.startswith("["):
            own += mapped.pss
            continue
        own += mapped.private
        libraries[mapped.path] = max(libraries.get(mapped.path, 0), mapped.shared)
    return own + sum(libraries.values())


def _mapped(process: psutil.Process) -> list[Mapped]:
    return [
        Mapped(m.path, m.pss, m.private_clean + m.private_dirty, m.shared_clean + m.shared_dirty)
        for m in process.memory_maps()
    ]


def end_of_log(folder: Path) -> str:
    """Return the last that a server said."""
    return (folder / "log").read_text(errors="replace")[-LOG_END:]


def send(port: int, path: str, body: bytes) -> Any:  # noqa: ANN401 - whatever JSON it answers
    """Return what a server answers to a request; raises OSError when that is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    if answer.status != OK:
        message = f"{path} answered {answer.status}: {text[:500]!r}"
        raise OSError(message)
    return json.loads(text)
