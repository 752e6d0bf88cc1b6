"""Measures every server in turn, several rounds in alternating order."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.environments import environment
from benchmarks.scratch import CHECKOUT, free_ports
from benchmarks.serving import bodies, load, models, registry
from benchmarks.serving import figures as f
from benchmarks.serving.bodies import MANY_ROWS, ONE_ROW
from benchmarks.serving.models import Models
from benchmarks.serving.registry import ModelRegistry
from benchmarks.serving.running import Running, send, started
from benchmarks.serving.servers import ALL, PEERS_FOLDER, WORKERS, Server

WARM_UP_S = {ONE_ROW: 1, MANY_ROWS: 2}
"""The service loads a second engine when many rows come for the first time."""
CHECKED_ONE_BY_ONE = 20
IN_A_ROW = 20


@dataclass(frozen=True)
class Effort:
    """How long is measured: rounds, and seconds of load for each size of body."""

    rounds: int
    seconds: int


FULL = Effort(rounds=3, seconds=4)
QUICK = Effort(rounds=1, seconds=2)

Found = dict[str, dict[str, dict[str, float]]]


def run(folder: Path, effort: Effort, servers: Sequence[Server] = ALL) -> Found:
    """Measure servers, each round with fresh processes.

    Parameters
    ----------
    folder
        An empty folder for models, bodies and logs.
    effort
        How long.
    servers
        Which.

    Returns
    -------
    dict
        By number of workers and server: the medians over the rounds.

    Raises
    ------
    infra.errors.UserError
        wrk or the environment of a peer can't be had.
    RuntimeError
        A server does not start, answers with other predictions, or refuses a request.
    """
    bench = Bench.prepare(folder, servers)
    cases = [
        (server, workers) for workers in WORKERS for server in servers if workers in server.workers
    ]
    rounds: dict[tuple[str, int], list[dict[str, float]]] = {}
    with registry.holding(bench.models, folder / "registry") as followed:
        for number in range(effort.rounds):
            print(f"serving, round {number + 1} of {effort.rounds}", flush=True)
            for server, workers in f.in_turn(cases, number):
                figures = bench.measure(followed, server, workers, effort.seconds)
                rounds.setdefault((server.name, workers), []).append(figures)
    found: Found = {}
    for server, workers in cases:
        rows = found.setdefault(f"{workers} worker{'s' if workers > 1 else ''}", {})
        rows[server.name] = f.medians(rounds[server.name, workers])
    return found


@dataclass(frozen=True)
class Bench:
    """What is made once for all servers."""

    folder: Path
    wrk: Path
    programs: dict[str | None, Path]
    models: Models

    @classmethod
    def prepare(cls, folder: Path, servers: Sequence[Server]) -> "Bench":
        """Find wrk, make the environments, fit the models and write what the servers read."""
        wrk = load.find_wrk()
        programs: dict[str | None, Path] = {None: CHECKOUT / ".venv" / "bin"}
        for name in sorted({server.environment for server in servers if server.environment}):
            print(f"serving: the environment of {name}", flush=True)
            programs[name] = environment(PEERS_FOLDER / f"{name}.txt")
        print("serving: fitting the models", flush=True)
        made = models.make()
        models.write(made.booster, made.rows, folder)
        bodies.write(made.rows, folder)
        return cls(folder, wrk, programs, made)

    def measure(
        self, followed: ModelRegistry, server: Server, workers: int, seconds: int
    ) -> dict[str, float]:
        """Start a server afresh, see that it answers rightly, put load on it, weigh it."""
        if server.model:
            followed.serve(server.model)
        port, *spare = free_ports(3)
        first = bodies.encoded(server.form, self.models.rows[:1])
        # Each on a connection of its own: all workers answer, not only the first that is there.
        in_a_row = 1 if workers == 1 else IN_A_ROW

        def is_ready() -> bool:
            return all(_answers(server, port, first) for _ in range(in_a_row))

        # An empty folder each time: nothing is cached from the round before.
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="server-") as made:
            place = Path(made)
            command, variables = self._start(server, workers, place, [port, *spare], followed.uri)
            with started(command, variables, place, is_ready) as running:
                found = {f.COLD_START: running.cold_start_s}
                for size in (ONE_ROW, MANY_ROWS):
                    self._check(server, port, size)
                    found |= self._loaded(running, server, port, size, seconds)
        _tell(server, workers, found)
        return found

    def _start(
        self, server: Server, workers: int, place: Path, ports: Sequence[int], registry_uri: str
    ) -> tuple[list[str], dict[str, str]]:
        filled = {
            **dict(zip(("port", "spare_port", "another_spare_port"), ports, strict=True)),
            "workers": workers,
            "workers_beside": 0 if workers == 1 else workers,
            "models": self.folder,
            "peers": PEERS_FOLDER,
            "checkout": CHECKOUT,
            "folder": place,
            "registry": registry_uri,
        }
        programs = self.programs[server.environment]
        program, *arguments = (word.format(**filled) for word in server.command)
        variables = {
            # Some start others by their name.
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "UVICORN_LOG_LEVEL": "warning",
            "MODEL": str(self.folder / models.BOOSTER_FILE),
            "WORKERS": str(workers),
            **{name: value.format(**filled) for name, value in server.variables.items()},
        }
        return [str(programs / program), *arguments], variables

    def _check(self, server: Server, port: int, size: str) -> None:
        """See that a server predicts what the model does."""
        if server.model is None:
            return
        model = self.models.trained[server.model].model
        checked, each = (CHECKED_ONE_BY_ONE, 1) if size == ONE_ROW else (bodies.MANY, bodies.MANY)
        for asked in np.array_split(self.models.rows[:checked], checked // each):
            answer = send(port, server.form.path, bodies.encoded(server.form, asked))
            answered, expected = server.form.predictions(answer), model.predict(asked)
            if not bodies.is_equal(answered, expected):
                message = f"{server.name} predicts {answered[:3]}, not {expected[:3].tolist()}"
                raise RuntimeError(message)

    def _loaded(
        self, running: Running, server: Server, port: int, size: str, seconds: int
    ) -> dict[str, float]:
        url = f"http://127.0.0.1:{port}{server.form.path}"
        sent = bodies.file(server.form, size, self.folder)
        load.put(self.wrk, url, sent, WARM_UP_S[size])
        before_s = running.cpu_s()
        done = load.put(self.wrk, url, sent, seconds)
        return {
            f.of(f.RATE, size): done.requests / done.seconds,
            f.of(f.P50, size): done.p50_ms,
            f.of(f.P99, size): done.p99_ms,
            f.of(f.CPU, size): 1e6 * (running.cpu_s() - before_s) / done.requests,
            f.of(f.MEMORY, size): running.memory_mb(),
        }


def _answers(server: Server, port: int, body: bytes) -> bool:
    try:
        send(port, server.form.path, body)
    except OSError:
        return False
    return True


def _tell(server: Server, workers: int, found: dict[str, float]) -> None:
    rates = (found[f.of(f.RATE, size)] for size in (ONE_ROW, MANY_ROWS))
    told = " and ".join(f"{rate:,.0f}" for rate in rates)
    print(f"{told:>18} requests/s (1 and 1,000 rows)  {server.name}, {workers}", flush=True)
