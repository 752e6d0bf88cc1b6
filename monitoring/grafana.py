"""Pure: what Grafana is provisioned with, as the text of each file."""

import json
from typing import Any

import yaml

from app.metrics import ERRORS, LATENCY, MODEL_INFO, REQUESTS

DATASOURCE_UID = "prometheus"
WINDOW = "1m"

# (title, unit, query); a later change draws these with a dashboard library.
PANELS = (
    ("Requests", "reqps", f"sum(rate({REQUESTS}[{WINDOW}]))"),
    ("Errors by reason", "reqps", f"sum by (reason) (rate({ERRORS}[{WINDOW}]))"),
    (
        "Latency, 99th percentile",
        "s",
        f"histogram_quantile(0.99, sum by (le) (rate({LATENCY}_bucket[{WINDOW}])))",
    ),
    ("Model version", "none", f"max by (model, version) ({MODEL_INFO})"),
)


def queries() -> tuple[str, ...]:
    """Return every query of the dashboard."""
    return tuple(query for _, _, query in PANELS)


def render_grafana(prometheus_url: str, dashboards_folder: str) -> dict[str, str]:
    """Return the provisioning folder's files: path below it -> text.

    Parameters
    ----------
    prometheus_url
        Where Grafana itself reaches Prometheus.
    dashboards_folder
        Where Grafana finds the rendered `dashboards/` folder when it runs.
    """
    datasource = {
        "name": "Prometheus",
        "uid": DATASOURCE_UID,
        "type": "prometheus",
        "access": "proxy",
        "url": prometheus_url,
        "isDefault": True,
    }
    provider = {
        "name": "pulumi-mlops",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": dashboards_folder},
    }
    return {
        "datasources/prometheus.yaml": _yaml({"apiVersion": 1, "datasources": [datasource]}),
        "dashboards/provider.yaml": _yaml({"apiVersion": 1, "providers": [provider]}),
        "dashboards/xgboost-api.json": json.dumps(_dashboard(), indent=2) + "\n",
    }


def _dashboard() -> dict[str, Any]:
    return {
        "uid": "xgboost-api",
        "title": "Prediction service",
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": [_panel(number, *panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, title: str, unit: str, query: str) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": DATASOURCE_UID}
    return {
        "id": number + 1,
        "title": title,
        "type": "timeseries",
        "datasource": source,
        "gridPos": {"x": 12 * (number % 2), "y": 8 * (number // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "expr": query, "datasource": source}],
    }


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)
