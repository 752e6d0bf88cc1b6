"""Pure: what Grafana is provisioned with, as the text of each file."""

import json
from typing import Any

import yaml

from monitoring.infra_dashboard import infra_dashboard
from monitoring.mlops_dashboard import mlops_dashboard
from monitoring.node import node_dashboard
from monitoring.panels import DATASOURCE_UID
from monitoring.prometheus import INTERVAL_S


def dashboards() -> dict[str, dict[str, Any]]:
    """Return every dashboard by its file's name."""
    return {
        "mlops_dashboard.json": mlops_dashboard(),
        "infra_dashboard.json": infra_dashboard(),
        "node_dashboard.json": node_dashboard(),
    }


def queries() -> dict[str, str]:
    """Return every query by the dashboard, panel and series that asks it."""
    return {
        f"{board['title']}: {panel['title']}: {target['refId']}": target["expr"]
        for board in dashboards().values()
        for panel in board["panels"]
        for target in panel.get("targets", ())
    }


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
        # The window of a rate is at least four of these.
        "jsonData": {"timeInterval": f"{INTERVAL_S}s"},
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
        **{f"dashboards/{name}": _json(board) for name, board in dashboards().items()},
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False)
