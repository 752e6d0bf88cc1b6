"""The scrape configuration."""

import pytest
import yaml

from monitoring.prometheus import ScrapeTarget, render_prometheus


def test_every_target_is_scraped_each_15_seconds():
    """Each target is one job with its address and path, at the interval of the contract."""
    text = render_prometheus(
        [
            ScrapeTarget("xgboost-api", "xgboost-api:5001"),
            ScrapeTarget("node", "node-exporter:9100", "/node"),
        ],
        "alertmanager:9093",
    )
    config = yaml.safe_load(text)
    assert config["global"]["scrape_interval"] == "15s"
    (alertmanager,) = config["alerting"]["alertmanagers"]
    assert alertmanager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert [
        (job["job_name"], job["metrics_path"], job["static_configs"][0]["targets"])
        for job in config["scrape_configs"]
    ] == [
        ("xgboost-api", "/metrics", ["xgboost-api:5001"]),
        ("node", "/node", ["node-exporter:9100"]),
    ]


def test_two_targets_of_one_job_are_refused():
    """Prometheus would not start with a doubled job, so it is not rendered."""
    with pytest.raises(ValueError, match="node, node"):
        render_prometheus([ScrapeTarget("node", "a:1"), ScrapeTarget("node", "b:1")], "am:1")
