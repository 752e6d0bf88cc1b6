"""The dashboard of what the service runs on: services, alerts, the host, monitoring itself."""

from typing import Any

from app.status.queries import EDGE_UP
from monitoring.panels import Panel, Query, compose, graph, number, rate

# No exporter for containers runs: each service tells its own process's figures.


def infra_dashboard() -> dict[str, Any]:
    """Return the dashboard, row by row."""
    return compose(
        "infra",
        "Host and services",
        (
            (
                "Now",
                (services_up(), alerts_now(), disk_now(), memory_now(), load_now(), series_now()),
            ),
            ("Services", (up(), scrapes(), alerts())),
            ("Processes", (service_memory(), service_processor(), service_files())),
            ("Host", (processor(), memory(), disk(), network())),
            ("Monitoring", (samples(), store(), notifications())),
        ),
    )


def services_up() -> Panel:
    """Return the share of services that answer."""
    return number("Services up", "percentunit", Query("avg(up)", "up"))


def alerts_now() -> Panel:
    """Return how many alerts fire."""
    return number("Alerts", "none", Query(_firing(), "firing"), (1, 2))


def disk_now() -> Panel:
    """Return how full the fullest file system is."""
    return number("Fullest disk", "percentunit", Query(f"max({_disk()})", "used"), (0.8, 0.9))


def memory_now() -> Panel:
    """Return the share of memory in use."""
    return number("Memory", "percentunit", Query(_memory(), "used"), (0.8, 0.9))


def load_now() -> Panel:
    """Return the load a processor."""
    load = 'node_load5 / count without (cpu, mode) (node_cpu_seconds_total{mode="idle"})'
    return number("Load a processor", "none", Query(load, "5 minutes"), (1, 2))


def series_now() -> Panel:
    """Return how many series Prometheus keeps."""
    return number("Series", "short", Query("prometheus_tsdb_head_series", "series"))


def up() -> Panel:
    """Return which services answered, and when."""
    queries = (Query("min by (job) (up)", "{{job}}"), Query(f"min({EDGE_UP})", "edge"))
    return graph("Up", "none", *queries).max(1)


def scrapes() -> Panel:
    """Return how long each service takes to tell its figures."""
    query = Query("max by (job) (scrape_duration_seconds)", "{{job}}")
    return graph("Time to scrape", "s", query)


def alerts() -> Panel:
    """Return which alerts fired, and when."""
    named = 'count by (alertname) (ALERTS{alertstate="firing"})'
    return graph("Alerts", "none", Query(f"{named} or vector(0)", "{{alertname}}"), stacked=True)


def service_memory() -> Panel:
    """Return what each service holds in memory."""
    query = Query("sum by (job) (process_resident_memory_bytes)", "{{job}}")
    return graph("Memory by service", "bytes", query)


def service_processor() -> Panel:
    """Return how many processors each service keeps busy."""
    query = Query(f"sum by (job) ({rate('process_cpu_seconds_total')})", "{{job}}")
    return graph("Processors by service", "none", query)


def service_files() -> Panel:
    """Return the files and connections that each service has open, against its limit."""
    used = "max by (job) (process_open_fds / process_max_fds)"
    return graph("Open files, share of the limit", "percentunit", Query(used, "{{job}}"))


def processor() -> Panel:
    """Return what the processors do."""
    busy = rate('node_cpu_seconds_total{mode="idle"}')
    stolen = rate('node_cpu_seconds_total{mode="steal"}')
    queries = (
        Query(f"1 - avg({busy})", "busy"),
        Query(f"avg({stolen})", "taken by the hypervisor"),
    )
    return graph("Processor", "percentunit", *queries).max(1).span(6)


def memory() -> Panel:
    """Return the share of memory in use."""
    return graph("Memory", "percentunit", Query(_memory(), "used")).max(1).span(6)


def disk() -> Panel:
    """Return how full each file system is."""
    return graph("Disk", "percentunit", Query(_disk(), "{{mountpoint}}")).max(1).span(6)


def network() -> Panel:
    """Return what comes in and goes out."""
    came = rate('node_network_receive_bytes_total{device!="lo"}')
    went = rate('node_network_transmit_bytes_total{device!="lo"}')
    queries = (Query(f"sum({came})", "in"), Query(f"sum({went})", "out"))
    return graph("Network", "Bps", *queries).span(6)


def samples() -> Panel:
    """Return how much Prometheus takes in."""
    query = Query(rate("prometheus_tsdb_head_samples_appended_total"), "samples a second")
    return graph("Samples taken in", "short", query)


def store() -> Panel:
    """Return what Prometheus's figures take on the disk, but for those of the newest hours."""
    query = Query("prometheus_tsdb_storage_blocks_bytes", "blocks")
    return graph("Prometheus's disk", "bytes", query)


def notifications() -> Panel:
    """Return what Alertmanager sent, and what it could not."""
    sent, failed = "alertmanager_notifications_total", "alertmanager_notifications_failed_total"
    return graph(
        "Notifications",
        "short",
        Query(f"sum by (integration) ({rate(sent)})", "{{integration}}"),
        Query(f"sum by (integration) ({rate(failed)})", "{{integration}} failed"),
    )


def _firing() -> str:
    return 'count(ALERTS{alertstate="firing"}) or vector(0)'


def _memory() -> str:
    return "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes"


def _disk() -> str:
    return "1 - node_filesystem_avail_bytes / node_filesystem_size_bytes"
