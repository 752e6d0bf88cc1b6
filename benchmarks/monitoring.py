"""Measures what watching costs: the API's speed, memory, and Prometheus's disk."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.scratch import ScratchStack, free_ports
from benchmarks.serving import bodies, load
from infra.local import machine, processes
from monitoring.prometheus import INTERVAL_S
from training.generate import generate

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
        bodies.write(generate(2_000).features, folder)
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


def _overhead(stack: ScratchStack, folder: Path) -> dict[str, dict[str, float]]:
    """Return the API's speed watched and alone, in rounds that take turns."""
    wrk, sent = load.find_wrk(), bodies.file(bodies.FEATURES, bodies.ONE_ROW, folder)
    url = stack.url("xgboost-api", "/predict")
    load.put(wrk, url, sent, 5)
    measured: dict[str, list[load.Load]] = {WATCHED: [], ALONE: []}
    for number in range(ROUNDS):
        # Whoever is second finds the machine warmer, and the database larger.
        for way in sorted(measured, reverse=bool(number % 2)):
            with _paused(stack) if way == ALONE else _nothing():
                measured[way].append(load.put(wrk, url, sent, ROUND_S))
    return {
        way: {
            "requests_a_second": round(median(each.requests / each.seconds for each in loads)),
            "p50_ms": median(each.p50_ms for each in loads),
            "p99_ms": median(each.p99_ms for each in loads),
        }
        for way, loads in measured.items()
    }


@contextmanager
def _nothing() -> Iterator[None]:
    yield


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
