"""Pure: where alerts go, and which are held back, as the text of `alertmanager.yml`."""

from dataclasses import dataclass
from typing import Any

import yaml

from monitoring.alerts import ALERTS

SMTP_PASSWORD = "alert-smtp-password"  # noqa: S105  # the name of a file
SLACK_URL = "alert-slack-url"
WEBHOOK_URL = "alert-webhook-url"
SECRETS = (SMTP_PASSWORD, SLACK_URL, WEBHOOK_URL)
"""Files in the folder that Alertmanager runs in; what a channel does not need is not read."""

OF_A_MODEL = frozenset(alert.name for alert in ALERTS if alert.retrains)

MESSAGE = (
    "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\n"
    "{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}"
)


@dataclass(frozen=True)
class Mail:
    """A way by e-mail.

    Attributes
    ----------
    server
        host:port of an SMTP server with STARTTLS, or with TLS from the start on port 465.
    user
        The login at the server, an address: also the sender.
    """

    to: str
    server: str
    user: str

    @property
    def port(self) -> int:
        """Return the port that the host must reach."""
        return int(self.server.rpartition(":")[2])


@dataclass(frozen=True)
class Channels:
    """The ways to people that a stack has; with none, alerts are on Alertmanager's page only."""

    mail: Mail | None = None
    slack: bool = False
    webhook: bool = False


def render_alertmanager(channels: Channels, retrainer: str) -> str:
    """Return the configuration that sends each kind of alert once, by every channel.

    Parameters
    ----------
    channels
        Where alerts go. Secrets are files, named as in `SECRETS`.
    retrainer
        host:port of the service that hears of alerts with the label `retrain`, besides people.
    """
    document = {
        "route": {
            "receiver": "people",
            "group_by": ["alertname"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "4h",
            "routes": [
                {
                    "receiver": "retrainer",
                    "matchers": ['retrain = "true"'],
                    "group_by": ["model"],
                    "group_wait": "0s",
                    "group_interval": "30s",
                    # It says itself whether there is anything new to learn from.
                    "repeat_interval": "5m",
                    "continue": True,
                },
                {
                    "receiver": "people",
                    "matchers": ['severity = "ticket"'],
                    "group_wait": "1m",
                    "group_interval": "10m",
                    "repeat_interval": "24h",
                },
                # Or what the first route has matched would be the retrainer's alone.
                {"receiver": "people"},
            ],
        },
        "inhibit_rules": _inhibitions(),
        "receivers": [
            {"name": "people", **_ways(channels)},
            {
                "name": "retrainer",
                "webhook_configs": [{"url": f"http://{retrainer}/alerts", "send_resolved": False}],
            },
        ],
    }
    return yaml.safe_dump(document, sort_keys=False, width=1000)


def _inhibitions() -> list[dict[str, Any]]:
    """Return one rule a cause: what it explains is not sent while it fires."""
    causes = dict.fromkeys(cause for alert in ALERTS for cause in alert.because_of)
    return [
        {
            "source_matchers": [f'alertname = "{cause}"'],
            "target_matchers": [f'alertname =~ "{"|".join(_explained_by(cause))}"'],
            # Drift of one model does not explain that of another.
            **({"equal": ["model"]} if cause in OF_A_MODEL else {}),
        }
        for cause in causes
    ]


def _explained_by(cause: str) -> list[str]:
    return [alert.name for alert in ALERTS if cause in alert.because_of]


def _ways(channels: Channels) -> dict[str, list[dict[str, Any]]]:
    ways = {
        "email_configs": [_mail(channels.mail)] if channels.mail else [],
        "slack_configs": [
            {
                "api_url_file": SLACK_URL,
                "send_resolved": True,
                "title": "{{ .CommonLabels.alertname }}: {{ .Status }}",
                "text": MESSAGE,
            }
        ]
        if channels.slack
        else [],
        "webhook_configs": [{"url_file": WEBHOOK_URL, "send_resolved": True}]
        if channels.webhook
        else [],
    }
    return {name: configured for name, configured in ways.items() if configured}


def _mail(mail: Mail) -> dict[str, Any]:
    return {
        "to": mail.to,
        "from": mail.user,
        "smarthost": mail.server,
        "auth_username": mail.user,
        "auth_password_file": SMTP_PASSWORD,
        "require_tls": True,
        "send_resolved": True,
        "text": MESSAGE,
    }
