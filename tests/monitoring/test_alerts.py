"""The alerting rules and the Alertmanager's configuration."""

import yaml

from monitoring.alerts import render_alertmanager, render_rules


def test_a_dead_target_raises_an_alert():
    """Each rule has an expression, a time to hold, and a summary with the labels' values."""
    (group,) = yaml.safe_load(render_rules())["groups"]
    rules = {rule["alert"]: rule for rule in group["rules"]}
    assert rules["TargetDown"]["expr"] == "up == 0"
    assert all("{{ $labels" in rule["annotations"]["summary"] for rule in rules.values())


def test_every_route_has_a_receiver():
    """Alertmanager does not start with a route to nobody."""
    document = yaml.safe_load(render_alertmanager())
    assert document["route"]["receiver"] in {r["name"] for r in document["receivers"]}
