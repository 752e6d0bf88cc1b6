"""A worker's memory, CPU time, open files and garbage collections, added up over workers.

The library's own collectors tell of the one process that happens to answer the scrape. These are
sampled into ordinary metrics, which several workers share. The garbage collector is asked and
does not call back: it runs in the middle of anything, also of counting, whose lock it would wait
for without end.
"""

import gc
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

GC_COLLECTIONS = "python_gc_collections_total"
OF_GC = {
    "collections": (GC_COLLECTIONS, "Times this generation was collected."),
    "collected": ("python_gc_objects_collected_total", "Objects collected during gc."),
    "uncollectable": (
        "python_gc_objects_uncollectable_total",
        "Uncollectable objects found during gc.",
    ),
}
CPU_SECONDS = "process_cpu_seconds_total"
OF_PROCESS: dict[str, Literal["livesum", "livemin"]] = {
    "process_resident_memory_bytes": "livesum",
    "process_virtual_memory_bytes": "livesum",
    "process_open_fds": "livesum",
    "process_max_fds": "livemin",
    "process_start_time_seconds": "livemin",
}


class ProcessFigures:
    """Counts what was added since it last looked."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._process = ProcessCollector(registry=None)
        self._gauges = {
            name: Gauge(
                name,
                f"{name}, {'the sum' if mode == 'livesum' else 'the least'} of all workers.",
                registry=registry,
                multiprocess_mode=mode,
            )
            for name, mode in OF_PROCESS.items()
        }
        self._cpu = Counter(
            CPU_SECONDS, "User and system CPU time of all workers.", registry=registry
        )
        self._cpu_before = 0.0
        self._gc = {
            figure: Counter(name, text, ["generation"], registry=registry)
            for figure, (name, text) in OF_GC.items()
        }
        self._gc_before = [dict.fromkeys(OF_GC, 0) for _ in gc.get_stats()]
        self.sample()

    def sample(self) -> None:
        """Look, and count what is new."""
        for generation, (now, before) in enumerate(
            zip(gc.get_stats(), self._gc_before, strict=True)
        ):
            for figure, counter in self._gc.items():
                counter.labels(str(generation)).inc(now[figure] - before[figure])
                before[figure] = now[figure]
        for family in self._process.collect():
            for sample in family.samples:
                if sample.name in self._gauges:
                    self._gauges[sample.name].set(sample.value)
                elif sample.name == CPU_SECONDS:
                    self._cpu.inc(max(0.0, sample.value - self._cpu_before))
                    self._cpu_before = sample.value
