"""The dashboard of the host in depth: the main rows of the community's Node Exporter Full."""

from typing import Any

from monitoring.node import disk, glance, memory, network, processor
from monitoring.panels import compose


def node_dashboard() -> dict[str, Any]:
    """Return the dashboard, row by row."""
    return compose(
        "node",
        "Host in depth",
        (
            (
                "At a glance",
                (
                    *(glance.pressure(), glance.busy(), glance.load()),
                    *(glance.memory_used(), glance.swap_used(), glance.root_used()),
                    *(glance.cores(), glance.memory_total(), glance.swap_total()),
                    *(glance.root_total(), glance.uptime(), glance.unreadable()),
                ),
            ),
            ("Processor", (processor.modes(), processor.loads(), processor.stalls())),
            ("Memory", (memory.memory(), memory.swap(), memory.committed())),
            ("Memory in detail", (memory.active(), memory.dirty(), memory.kernel())),
            ("Paging", (memory.paged(), memory.swapped(), memory.faults())),
            ("Disks", (disk.operations(), disk.throughput(), disk.waiting())),
            ("Disks in detail", (disk.queue(), disk.busy(), disk.merged())),
            ("File systems", (disk.space(), disk.inodes(), disk.readonly())),
            ("Network", (network.traffic(), network.packets(), network.taken())),
            ("Network in trouble", (network.errors(), network.drops(), network.tracked())),
            ("Sockets", (network.sockets(), network.left(), network.socket_memory())),
            ("TCP", (network.segments(), network.connections(), network.lost())),
            ("UDP and clock", (network.datagrams(), processor.clock(), processor.entropy())),
            ("System", (processor.processes(), processor.forks(), processor.switches())),
            ("Exporter", (processor.files(), processor.scrape(), processor.collectors())),
        ),
    )
