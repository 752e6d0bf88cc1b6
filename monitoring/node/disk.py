"""Panels of disks and file systems."""

from monitoring.panels import Panel, Query, graph, growth, rate


def operations() -> Panel:
    """Return reads and writes."""
    return graph(
        "Operations",
        "iops",
        growth("node_disk_reads_completed_total", "{{device}} reads"),
        growth("node_disk_writes_completed_total", "{{device}} writes"),
    )


def throughput() -> Panel:
    """Return the bytes that are read and written."""
    return graph(
        "Throughput",
        "Bps",
        growth("node_disk_read_bytes_total", "{{device}} read"),
        growth("node_disk_written_bytes_total", "{{device}} written"),
    )


def waiting() -> Panel:
    """Return how long a read and a write take."""
    return graph(
        "Time an operation",
        "s",
        Query(_each("read"), "{{device}} read"),
        Query(_each("write"), "{{device}} write"),
    )


def queue() -> Panel:
    """Return how many operations wait."""
    return graph("Queue", "none", growth("node_disk_io_time_weighted_seconds_total", "{{device}}"))


def busy() -> Panel:
    """Return the share of time in which a disk has something to do."""
    return graph(
        "Busy disks", "percentunit", growth("node_disk_io_time_seconds_total", "{{device}}")
    )


def merged() -> Panel:
    """Return operations that were done together with others."""
    return graph(
        "Merged",
        "iops",
        growth("node_disk_reads_merged_total", "{{device}} reads"),
        growth("node_disk_writes_merged_total", "{{device}} writes"),
    )


def space() -> Panel:
    """Return what is free."""
    return graph("Free", "bytes", Query("node_filesystem_avail_bytes", "{{mountpoint}}"))


def inodes() -> Panel:
    """Return how many files can still be made."""
    return graph("Free inodes", "short", Query("node_filesystem_files_free", "{{mountpoint}}"))


def readonly() -> Panel:
    """Return what can not be written to, or not be looked at."""
    return graph(
        "Read-only and unreadable",
        "none",
        Query("node_filesystem_readonly", "{{mountpoint}} read-only"),
        Query("node_filesystem_device_error", "{{mountpoint}} unreadable"),
    )


def _each(kind: str) -> str:
    """Return the seconds that one operation of a kind takes; without operations, none."""
    seconds = rate(f"node_disk_{kind}_time_seconds_total")
    return f"{seconds} / clamp_min({rate(f'node_disk_{kind}s_completed_total')}, 1e-9)"
