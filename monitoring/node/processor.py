"""Panels of the processors and of the system around them."""

from monitoring.panels import Panel, Query, graph, growth, rate


def modes() -> Panel:
    """Return what the processors do."""
    return graph(
        "Modes",
        "percentunit",
        Query(f"avg by (mode) ({rate('node_cpu_seconds_total')})", "{{mode}}"),
        stacked=True,
    )


def loads() -> Panel:
    """Return how many processes want to run."""
    return graph(
        "Load",
        "none",
        Query("node_load1", "1 minute"),
        Query("node_load5", "5 minutes"),
        Query("node_load15", "15 minutes"),
    )


def stalls() -> Panel:
    """Return the share of time in which something waited."""
    return graph(
        "Waiting for",
        "percentunit",
        growth("node_pressure_cpu_waiting_seconds_total", "processor"),
        growth("node_pressure_memory_waiting_seconds_total", "memory"),
        growth("node_pressure_io_waiting_seconds_total", "disk"),
    )


def processes() -> Panel:
    """Return the processes that run, and that wait for a disk."""
    return graph(
        "Processes", "none", Query("node_procs_running", "run"), Query("node_procs_blocked", "wait")
    )


def forks() -> Panel:
    """Return the processes that are started."""
    return graph("Starts", "short", growth("node_forks_total", "started"))


def switches() -> Panel:
    """Return how often the processors turn to something else."""
    return graph(
        "Switches",
        "short",
        growth("node_context_switches_total", "switches"),
        growth("node_intr_total", "interrupts"),
    )


def files() -> Panel:
    """Return the open files, against the limit."""
    return graph(
        "Open files",
        "short",
        Query("node_filefd_allocated", "open"),
        Query("node_filefd_maximum", "limit"),
    )


def entropy() -> Panel:
    """Return the random bits that are at hand."""
    return graph("Entropy", "none", Query("node_entropy_available_bits", "bits"))


def clock() -> Panel:
    """Return how far off the clock may be."""
    return graph(
        "Clock",
        "s",
        Query("node_timex_offset_seconds", "offset"),
        Query("node_timex_maxerror_seconds", "at most"),
        least=None,
    )


def scrape() -> Panel:
    """Return how long each collector takes."""
    return graph(
        "Time to collect", "s", Query("node_scrape_collector_duration_seconds", "{{collector}}")
    )


def collectors() -> Panel:
    """Return which collectors find something."""
    return graph("Collectors", "none", Query("node_scrape_collector_success", "{{collector}}"))
