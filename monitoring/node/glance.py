"""The numbers that tell at a glance how the host is."""

from monitoring.panels import Panel, Query, growth, number, rate

IDLE = 'node_cpu_seconds_total{mode="idle"}'
ROOT = '{mountpoint="/"}'
FULL = (0.8, 0.9)
"""Shares at which a number turns yellow, and red."""


def pressure() -> Panel:
    """Return the share of time in which something waited for a processor."""
    return number(
        "Pressure",
        "percentunit",
        growth("node_pressure_cpu_waiting_seconds_total", "pressure"),
        FULL,
    )


def busy() -> Panel:
    """Return the share of processor time that is used."""
    return number("Busy", "percentunit", Query(f"1 - avg({rate(IDLE)})", "busy"), FULL)


def load() -> Panel:
    """Return the load of five minutes for each processor."""
    return number(
        "Load a processor",
        "none",
        Query(f"node_load5 / count without (cpu, mode) ({IDLE})", "load a processor"),
        (1, 2),
    )


def memory_used() -> Panel:
    """Return the share of memory in use."""
    return number(
        "Memory",
        "percentunit",
        Query("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "memory"),
        FULL,
    )


def swap_used() -> Panel:
    """Return the share of swap in use; of none, none is used."""
    there = "node_memory_SwapTotal_bytes"
    used = f"{there} - node_memory_SwapFree_bytes"
    return number(
        "Swap", "percentunit", Query(f"({used}) / clamp_min({there}, 1)", "swap"), (0.1, 0.5)
    )


def root_used() -> Panel:
    """Return how full the root file system is."""
    free = f"node_filesystem_avail_bytes{ROOT} / node_filesystem_size_bytes{ROOT}"
    return number("Root", "percentunit", Query(f"1 - min({free})", "root"), FULL)


def cores() -> Panel:
    """Return the number of processors."""
    return number("Processors", "none", Query(f"count({IDLE})", "processors"))


def memory_total() -> Panel:
    """Return the memory that there is."""
    return number("Memory in all", "bytes", Query("node_memory_MemTotal_bytes", "memory in all"))


def swap_total() -> Panel:
    """Return the swap that there is."""
    return number("Swap in all", "bytes", Query("node_memory_SwapTotal_bytes", "swap in all"))


def root_total() -> Panel:
    """Return the size of the root file system."""
    return number(
        "Root in all", "bytes", Query(f"max(node_filesystem_size_bytes{ROOT})", "root in all")
    )


def uptime() -> Panel:
    """Return the time since the start."""
    return number("Up for", "s", Query("node_time_seconds - node_boot_time_seconds", "up for"))


def unreadable() -> Panel:
    """Return how many file systems can not be looked at."""
    return number(
        "Unreadable disks",
        "none",
        Query("sum(node_filesystem_device_error)", "unreadable disks"),
        (1, 2),
    )
