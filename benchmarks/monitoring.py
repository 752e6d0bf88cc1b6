"""Measures what watching costs: the API's speed, memory, and Prometheus's disk."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from benchmarks.scratch import ScratchStack, free_ports
from benchmarks.serving import bodies, load
from benchmarks.serving.load import Load
from infra.local import machine, processes
from monitoring.prometheus import INTERVAL_S
from training.sources import find_housing

WATCHING = ("prometheus", "alertmanager", "node-exporter", "retrainer", "grafana")
ROUNDS = 4
ROUND_S = 2 * INTERVAL_S
"""Two scrapes are in each round."""
SAMPLED_S = 200
"""At a scrape each second: more than the 120 samples of a full chunk."""
DAYS = 30
BLOCK_DAYS = 3
"""Prometheus joins its blocks up to a tenth of the time that it keeps them."""
WATCHED = "watched"
ALONE = "alone"
CORES = os.cpu_count() or 1
API_CPU = "CPU us a request"
WATCHING_CPU = "watching, % of the machine"


def run(folder: Path) -> dict[str, Any]:
    """Bring a scratch stack up and measure.

    Returns
    -------
    dict
        `overhead`, `memory_mb` by service, `disk`.

    Raises
    ------
    RuntimeError
        The stack did not come up.
    """
    checkout = folder / "checkout"
    checkout.mkdir()
    stack = ScratchStack(checkout)
    try:
        done = stack.command("up")
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        # As the model knows them: others would be drift, which is reported and retrained. So is
        # the file's own order, which goes from place to place.
        known = find_housing(print).features
        bodies.write(np.random.default_rng(0).permutation(known)[:2_000], folder)
        overhead = _overhead(stack, folder)
        memory = {
            row["service"]: row["memory_mb"]
            for row in json.loads(stack.command("status", "--json").stdout)
            if row["memory_mb"] and row["service"] in WATCHING
        }
        disk = _disk(stack, folder)
    finally:
        stack.command("down")
    return {"overhead": overhead, "memory_mb": memory, "disk": disk}


@dataclass(frozen=True)
class Round:
    """A load, and the processor's seconds meanwhile: the API's, and of all that watches."""

    load: Load
    api_cpu_s: float
    watching_cpu_s: float


def _overhead(stack: ScratchStack, folder: Path) -> dict[str, dict[str, float]]:
    """Return the API's speed watched and alone, in rounds that take turns."""
    rounds: dict[str, list[Round]] = {WATCHED: [], ALONE: []}
    for number in range(ROUNDS):
        # Whoever is second finds the machine warmer, and the database larger.
        for way in sorted(rounds, reverse=bool(number % 2)):
            with _paused(stack) if way == ALONE else nullcontext():
                rounds[way].append(_round(stack, folder))
    return {way: figures(of) for way, of in rounds.items()}


def _round(stack: ScratchStack, folder: Path) -> Round:
    sent = bodies.file(bodies.FEATURES, bodies.ONE_ROW, folder)
    (host,) = machine.machines(stack.local)
    api = [p for p in processes.owned(host.home) if _is_api(p)]
    watching = [p for name in WATCHING for p in processes.listeners(stack.ports[name])]
    before = _cpu_s(api), _cpu_s(watching)
    found = load.put(load.find_wrk(), stack.url("xgboost-api", "/predict"), sent, ROUND_S)
    return Round(found, _cpu_s(api) - before[0], _cpu_s(watching) - before[1])


def figures(rounds: Sequence[Round]) -> dict[str, float]:
    """Return the medians of some rounds."""
    return {
        "requests_a_second": round(median(r.load.requests / r.load.seconds for r in rounds)),
        "p50_ms": round(median(r.load.p50_ms for r in rounds), 2),
        "p99_ms": round(median(r.load.p99_ms for r in rounds), 2),
        API_CPU: round(1e6 * median(r.api_cpu_s / r.load.requests for r in rounds), 1),
        WATCHING_CPU: round(
            100 * median(r.watching_cpu_s / r.load.seconds for r in rounds) / CORES, 2
        ),
    }


def _is_api(process: psutil.Process) -> bool:
    try:
        return any("app.wsgi" in word or "app.keeper" in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _cpu_s(of: Sequence[psutil.Process]) -> float:
    # With that of children which have ended, as a retraining's.
    return sum(sum(process.cpu_times()[:4]) for process in of)


@contextmanager
def _paused(stack: ScratchStack) -> Iterator[None]:
    """Stop what watches for a while: nothing is scraped, measured or judged."""
    found = list(_watching(stack))
    for process in found:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in found:
            process.send_signal(signal.SIGCONT)


def _watching(stack: ScratchStack) -> Iterator[psutil.Process]:
    for name in WATCHING:
        for listener in processes.listeners(stack.ports[name]):
            yield from (listener, *listener.children(recursive=True))


def _disk(stack: ScratchStack, folder: Path) -> dict[str, float]:
    """Return what Prometheus writes for a series and a sample, and what comes of it in 30 days.

    A Prometheus of the benchmark's own scrapes the same targets each second instead of every 15,
    so that chunks are full within minutes; what a sample takes depends little on the interval.
    """
    (bundle,) = (m.home / "bundle" for m in machine.machines(stack.local))
    config = max(bundle.glob("*/prometheus.yml"), key=lambda file: file.stat().st_mtime)
    text = config.read_text().replace(f"{INTERVAL_S}s", "1s").replace("10s", "1s")
    rules = config.with_name("alerts.rules.yml").read_text()
    (folder / "prometheus.yml").write_text(text)
    (folder / "alerts.rules.yml").write_text(rules)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [
        str(stack.local / "bin/prometheus"),
        *(f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--web.enable-admin-api", "--log.level=error"),
    ]
    with subprocess.Popen(command, cwd=folder) as running:
        try:
            time.sleep(SAMPLED_S)
            told = urllib.request.Request(f"{url}/api/v1/admin/tsdb/snapshot", method="POST")
            with urllib.request.urlopen(told, timeout=60) as answer:
                snapshot = folder / "tsdb/snapshots" / json.load(answer)["data"]["name"]
            return projected(*_stored(snapshot))
        finally:
            running.terminate()


def _stored(snapshot: Path) -> tuple[int, int, int, int]:
    """Return series, samples, and the bytes of chunks and of indexes in a snapshot."""
    series = samples = chunks = index = 0
    for meta in snapshot.glob("*/meta.json"):
        stats = json.loads(meta.read_text())["stats"]
        series, samples = max(series, stats["numSeries"]), samples + stats["numSamples"]
        chunks += sum(file.stat().st_size for file in meta.parent.glob("chunks/*"))
        index += (meta.parent / "index").stat().st_size
    return series, samples, chunks, index


def projected(series: int, samples: int, chunk_bytes: int, index_bytes: int) -> dict[str, float]:
    """Return the disk of 30 days: each series sampled every 15 s, in blocks of three days."""
    kept = series * DAYS * 86_400 // INTERVAL_S
    chunks = kept * chunk_bytes / samples
    indexes = index_bytes * DAYS / BLOCK_DAYS
    return {
        "series": series,
        "bytes_a_sample": round(chunk_bytes / samples, 2),
        "index_bytes_a_series": round(index_bytes / series),
        f"samples_in_{DAYS}_days": kept,
        f"MB_in_{DAYS}_days": round((chunks + indexes) / 1e6),
    }
