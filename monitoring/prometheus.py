"""Pure: scrape targets in, the text of `prometheus.yml` out."""

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

API_JOB = "xgboost-api"
INTERVAL_S = 15
TIMEOUT_S = 10


@dataclass(frozen=True)
class ScrapeTarget:
    """One service that has metrics: the job it is listed under and where it is reached."""

    job: str
    address: str
    """host:port."""
    metrics_path: str = "/metrics"


def render_prometheus(targets: Sequence[ScrapeTarget], alertmanager: str) -> str:
    """Return the configuration that scrapes every target each 15 seconds.

    Parameters
    ----------
    targets
        What is scraped.
    alertmanager
        host:port of the Alertmanager, which has its pages below `/alertmanager/`.

    Raises
    ------
    ValueError
        Two targets have the same job: Prometheus would not start.
    """
    jobs = [target.job for target in targets]
    if len(set(jobs)) < len(jobs):
        message = f"each job may be scraped once, but the jobs are {', '.join(jobs)}"
        raise ValueError(message)
    every = f"{INTERVAL_S}s"
    config = {
        "global": {
            "scrape_interval": every,
            "scrape_timeout": f"{TIMEOUT_S}s",
            "evaluation_interval": every,
        },
        "rule_files": ["alerts.rules.yml"],
        "alerting": {
            "alertmanagers": [
                {
                    "path_prefix": "/alertmanager/",
                    "static_configs": [{"targets": [alertmanager]}],
                }
            ]
        },
        "scrape_configs": [_scrape(target) for target in targets],
    }
    return yaml.safe_dump(config, sort_keys=False)


def _scrape(target: ScrapeTarget) -> dict[str, object]:
    return {
        "job_name": target.job,
        "metrics_path": target.metrics_path,
        "static_configs": [{"targets": [target.address]}],
    }
