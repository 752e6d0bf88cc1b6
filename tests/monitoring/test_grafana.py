"""The Grafana provisioning."""

import json

import yaml

from monitoring.grafana import queries, render_grafana

FILES = render_grafana("http://prometheus:9090", "/etc/grafana/dashboards")


def test_dashboard_uses_the_provisioned_datasource():
    """Every panel asks the datasource that is provisioned, with one of the known queries."""
    source = yaml.safe_load(FILES["datasources/prometheus.yaml"])["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    panels = json.loads(FILES["dashboards/xgboost-api.json"])["panels"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert tuple(panel["targets"][0]["expr"] for panel in panels) == queries()


def test_provider_looks_where_the_dashboards_are():
    """The provider reads the folder that it was given."""
    provider = yaml.safe_load(FILES["dashboards/provider.yaml"])["providers"][0]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
