"""Pure: what raises an alert, and where alerts go, as the text of each file."""

import yaml

RULES = (
    # (name, expression, seconds that it must hold, summary)
    (
        "TargetDown",
        "up == 0",
        60,
        "{{ $labels.job }} at {{ $labels.instance }} does not answer its scrapes",
    ),
)


def render_rules() -> str:
    """Return `alerts.rules.yml`: the alerting rules that Prometheus evaluates."""
    rules = [
        {
            "alert": name,
            "expr": expression,
            "for": f"{seconds}s",
            "labels": {"severity": "page"},
            "annotations": {"summary": summary},
        }
        for name, expression, seconds, summary in RULES
    ]
    return yaml.safe_dump({"groups": [{"name": "services", "rules": rules}]}, sort_keys=False)


def render_alertmanager() -> str:
    """Return `alertmanager.yml`: alerts are grouped by name and shown on its page."""
    document = {
        "route": {
            "receiver": "page",
            "group_by": ["alertname"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "4h",
        },
        # A receiver without a way out: nobody is written to until a stack says to whom.
        "receivers": [{"name": "page"}],
    }
    return yaml.safe_dump(document, sort_keys=False)
