"""Runs a policy pack for our language host: a process whose output the engine reads over gRPC."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from pulumi.runtime.proto import language_pb2

CHUNK_BYTES = 65536


def policy_pack_command(request: Any) -> list[str]:  # noqa: ANN401
    """Return the command of a policy pack: Pulumi's own runner, which ends with this process."""
    runner = [sys.executable, "-u", "-m", "infra.local.orphans", "pulumi.policy"]
    return [*runner, *request.args, request.info.program_directory]


def run_plugin(
    request: Any,  # noqa: ANN401
    on_end: Callable[[Callable[[], None]], object],
) -> Iterator[language_pb2.RunPluginResponse]:
    """Run a policy pack and yield its output as it comes, its exit status last.

    Parameters
    ----------
    request
        The engine's RunPluginRequest.
    on_end
        Takes what is to be done when the engine hangs up.
    """
    given = dict(pair.split("=", 1) for pair in request.env)
    process = subprocess.Popen(
        policy_pack_command(request),
        cwd=request.pwd or None,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    on_end(process.kill)
    outputs: queue.Queue[tuple[str, bytes]] = queue.Queue()
    pipes = {"stdout": process.stdout, "stderr": process.stderr}
    for name, pipe in pipes.items():
        threading.Thread(target=_pump, args=(name, pipe, outputs), daemon=True).start()
    still_open = len(pipes)
    while still_open:
        name, chunk = outputs.get()
        if not chunk:
            still_open -= 1
        elif name == "stdout":
            yield language_pb2.RunPluginResponse(stdout=chunk)
        else:
            yield language_pb2.RunPluginResponse(stderr=chunk)
    yield language_pb2.RunPluginResponse(exitcode=process.wait())


def _pump(name: str, pipe: Any, outputs: queue.Queue[tuple[str, bytes]]) -> None:  # noqa: ANN401
    """Hand on what a pipe gives; an empty chunk is its end."""
    with pipe:
        while chunk := pipe.read1(CHUNK_BYTES):
            outputs.put((name, chunk))
    outputs.put((name, b""))
