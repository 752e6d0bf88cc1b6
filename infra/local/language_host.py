"""Pulumi's Python language host, for an engine that came without one (a build from Go modules).

The engine starts it, reads its port from the first line, and asks it over gRPC to run the program.
It follows `pulumi-language-python` and its `pulumi-language-python-exec`, in one process.
"""

import asyncio
import importlib.metadata
import json
import logging
import os
import queue
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from pulumi import RunError, log
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from infra.errors import UserError
from infra.local.orphans import end_with_parent
from infra.local.plugin_runner import run_plugin

ALREADY_SHOWN = 32
"""Exit status by which a Python program tells Pulumi that it has shown its error itself."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine's questions about a Python program and runs it.

    Parameters
    ----------
    engine_address
        Where the engine takes log messages.
    on_main_thread
        Runs a function on the main thread and returns what it returns: programs expect that.
    """

    def __init__(
        self,
        engine_address: str,
        on_main_thread: Callable[
            [Callable[[], language_pb2.RunResponse]], language_pb2.RunResponse
        ],
    ) -> None:
        self._engine_address = engine_address
        self._on_main_thread = on_main_thread

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Learn the engine's address anew."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Give the version: the one of the SDK."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Name the resource providers of the installed Pulumi packages."""
        packages = [plugin_pb2.PackageDependency(**p) for p in required_plugins()]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Name the same in the words of older engines."""
        plugins = [plugin_pb2.PluginDependency(**p) for p in required_plugins()]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """List the installed packages, for `pulumi about`."""
        found = {d.name: d.version for d in importlib.metadata.distributions()}
        if not request.transitiveDependencies:
            found = {name: v for name, v in found.items() if name.startswith("pulumi")}
        listed = [language_pb2.DependencyInfo(name=n, version=v) for n, v in sorted(found.items())]
        return language_pb2.GetProgramDependenciesResponse(dependencies=listed)

    def About(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Name the interpreter."""
        version = ".".join(map(str, sys.version_info[:3]))
        return language_pb2.AboutResponse(executable=sys.executable, version=version)

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401, ARG002, N802
        """Say what installs them: `pulumi install` must not change a locked environment."""
        text = f"{sys.prefix} is kept by `make up` (requirements.txt, with hashes)\n"
        yield language_pb2.InstallDependenciesResponse(stdout=text.encode())

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Ask for no options."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """End, and the program with it, as soon as the engine has its answer."""
        context.add_callback(lambda: os._exit(0))
        return Empty()

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ANN401, N802
        """Run a policy pack beside the program (`pulumi preview --policy-pack`)."""
        yield from run_plugin(request, context.add_callback)

    def Run(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        """Run the program; the answer comes when all its resources are registered."""
        return self._on_main_thread(lambda: run_program(request, self._engine_address))


def required_plugins() -> Iterator[dict[str, Any]]:
    """Yield the plugins that installed packages declare in their `pulumi-plugin.json`."""
    for folder in map(Path, sys.path):
        for declared in sorted(folder.glob("*/pulumi-plugin.json")):
            plugin = json.loads(declared.read_text())
            if plugin.get("resource"):
                name = plugin.get("name") or declared.parent.name.removeprefix("pulumi_")
                version = str(plugin.get("version", "")).removeprefix("v")
                yield {
                    "name": name,
                    "kind": "resource",
                    "version": f"v{version}" if version else "",
                    "server": plugin.get("server", ""),
                }


def run_program(request: Any, engine_address: str) -> language_pb2.RunResponse:  # noqa: ANN401
    """Run one program against the engine that asks for it.

    Parameters
    ----------
    request
        The engine's RunRequest.
    engine_address
        Where the engine takes log messages.

    Returns
    -------
    RunResponse
        `bail` when the error was shown already, `error` when the engine is to show it.
    """
    folder = Path(request.info.program_directory or request.pwd)
    entry = request.info.entry_point
    program = folder / ("__main__.py" if entry in {"", "."} else entry)
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        engine_address=engine_address,
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    os.chdir(request.pwd or folder)
    sys.argv = [str(program), *request.args]
    if str(folder) not in sys.path[:1]:
        sys.path.insert(0, str(folder))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    workers = futures.ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4)
    loop.set_default_executor(workers)
    try:
        return _answer(loop, program)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        workers.shutdown(wait=True, cancel_futures=True)
        loop.close()


def _answer(loop: asyncio.AbstractEventLoop, program: Path) -> language_pb2.RunResponse:
    def execute() -> None:
        runpy.run_path(str(program), run_name="__main__")

    shown = language_pb2.RunResponse(bail=True)
    try:
        loop.run_until_complete(run_in_stack(execute))
    except (UserError, RunError) as error:
        log.error(str(error))
        return shown
    except grpc.RpcError as error:
        # An engine that is gone or going needs no further word from its program.
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return shown
        log.error(f"RPC error: {error.details()}")
        return shown
    except SystemExit as exit_:
        return _exited(exit_.code)
    except BaseException as error:  # noqa: BLE001  # whatever it is, the engine must hear of it
        log.error(f"Program failed with an unhandled exception:\n{trace(error, program)}")
        return shown
    return language_pb2.RunResponse()


def _exited(code: str | int | None) -> language_pb2.RunResponse:
    if code in {None, 0}:
        return language_pb2.RunResponse()
    if code == ALREADY_SHOWN:
        return language_pb2.RunResponse(bail=True)
    if isinstance(code, str):
        log.error(code)
        return language_pb2.RunResponse(bail=True)
    return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")


def trace(error: BaseException, program: Path) -> str:
    """Return the trace of an error from the program's own first line on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if frame.filename == str(program)]
    limit = -(len(frames) - own[0]) if own else None
    return "".join(traceback.format_exception(error, limit=limit))


def serve(engine_address: str) -> None:
    """Serve the engine until it ends this process."""
    jobs: queue.Queue[Callable[[], None]] = queue.Queue()

    def on_main_thread(
        work: Callable[[], language_pb2.RunResponse],
    ) -> language_pb2.RunResponse:
        answer: futures.Future[language_pb2.RunResponse] = futures.Future()

        def job() -> None:
            try:
                answer.set_result(work())
            except BaseException as error:  # noqa: BLE001  # goes to the engine as an RPC error
                answer.set_exception(error)

        jobs.put(job)
        return answer.result()

    server = grpc.server(futures.ThreadPoolExecutor(4), options=_GRPC_CHANNEL_OPTIONS)
    host = LanguageHost(engine_address, on_main_thread)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while True:
        jobs.get()()


def main(arguments: list[str]) -> None:
    """Start as the engine does: its own address is the last argument."""
    end_with_parent()
    # The engine ends its plugins by SIGINT: no KeyboardInterrupt in the middle of a program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What the program prints is shown line by line, as it comes.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # Futures that nobody awaits are how a failed program ends, not a fault of asyncio.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    serve(arguments[-1] if arguments else "")


if __name__ == "__main__":
    main(sys.argv[1:])
