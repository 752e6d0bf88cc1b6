"""Pure: what raises an alert, as one table, and the text of Prometheus's rules made from it."""

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from app.loop_limits import DRIFTED_AT_ONCE, LEAST_LABELLED_ROWS, PSI_DRIFTED, PSI_WARN, RMSE_ALARM
from app.loop_metrics import (
    DRIFT_CHECKED,
    DRIFT_PSI,
    DRIFT_REPORT,
    DRIFTED_FEATURES,
    RETRAINING_ENDED,
)
from app.metrics import (
    DATABASE_SEEN,
    HTTP_FAULTS,
    JOURNAL_BYTES,
    JOURNAL_MAX_BYTES,
    JOURNAL_SET_ASIDE,
    LIVE_RMSE,
    LIVE_ROWS,
    REQUESTS,
    UNRECORDED,
)
from app.model_health import BASELINE_RMSE, MODEL_STALE
from app.status.queries import EDGE_UP
from monitoring.objectives import (
    FAST,
    MEDIUM,
    OBJECTIVE,
    OBJECTIVE_S,
    RECORDINGS,
    SLOW,
    Burn,
    burns,
    error_share,
)
from monitoring.prometheus import API_JOB

RUNBOOK = "docs/runbook.md"
MOST_HTTP_FAULTS = 3
"""In half an hour: these requests are too few for a ratio."""
UNMEASURED_S = 600
"""Drift is measured each ten seconds."""
TOLD_S = 3600
"""So long a refused challenger is told of: nothing is broken that would have to end."""
LEAST_LIFE = 0.2
"""Of a certificate's validity: the edge renews at a third, so at a fifth it has failed for long."""
CERTIFICATE_BEGINS = "edge_certificate_not_before_timestamp_seconds"
CERTIFICATE_ENDS = "edge_certificate_not_after_timestamp_seconds"
"""Written by the host's agent, `infra.onhost.edge_watch`; the node exporter tells them."""


@dataclass(frozen=True)
class Alert:
    """One reason to tell people.

    Attributes
    ----------
    holds_s
        How long the expression must hold first.
    severity
        `page`: now, people are affected. `ticket`: within days, or they will be.
    summary
        One sentence with the values; Prometheus fills in what stands in double braces.
    because_of
        Alerts that explain this one: while one of them fires, this one is not sent.
    retrains
        Whether it starts a retraining of the model that its label `model` names.
    """

    name: str
    expression: str
    holds_s: int
    severity: Literal["page", "ticket"]
    summary: str
    description: str
    because_of: tuple[str, ...] = ()
    retrains: bool = False

    @property
    def runbook_url(self) -> str:
        """Return where it is written what to do."""
        return f"{RUNBOOK}#{self.name.lower()}"


PERCENT = "{{ $value | humanizePercentage }}"
WATCHED_BY_NAME = (API_JOB, "mlflow", "alertmanager")
# Prometheus is at /prometheus of the edge, MLflow beside it. The report is made when drift begins,
# and takes longer than the first message.
REPORT = (
    f'{{{{ range printf "{DRIFT_REPORT}{{model=%q}}" $labels.model | query }}}}'
    'Report: {{ reReplaceAll "/prometheus/?$" "" $externalURL }}/mlflow/#/experiments/'
    "{{ .Labels.experiment_id }}/runs/{{ .Labels.run_id }}/artifacts"
    "{{ else }}The report is not made yet: look into MLflow's experiment drift{{ end }}"
)
DRIFTED = (
    f'{{{{ range printf "sort_desc({DRIFT_PSI}{{model=%q}} > {PSI_DRIFTED:g})" $labels.model'
    ' | query }} {{ .Labels.feature }} {{ .Value | printf "%.2f" }}{{ end }}'
)


def _burn(name: str, burn: Burn, severity: Literal["page", "ticket"], because: str) -> Alert:
    return Alert(
        name,
        burns(burn),
        120,
        severity,
        f"{PERCENT} of the answers of the last {burn.long} took more than {OBJECTIVE_S:g} s",
        f"The objective is {OBJECTIVE:.0%} of answers within {OBJECTIVE_S:g} s over 30 days; "
        f"this is {burn.factor:g} times as fast as that allows, or faster.",
        ("ApiDown", because) if because else ("ApiDown",),
    )


ALERTS = (
    Alert(
        "ApiDown",
        f'up{{job="{API_JOB}"}} == 0',
        60,
        "page",
        "the API at {{ $labels.instance }} has not answered its scrapes for a minute",
        "Nobody gets predictions, or only some workers answer.",
    ),
    Alert(
        "EdgeDown",
        f"{EDGE_UP} == 0",
        120,
        "page",
        "the edge of {{ $labels.instance }} has not answered its agent for two minutes",
        "Nobody gets in; predictions go on for those who are inside already.",
    ),
    Alert(
        "ErrorRatioHigh",
        f"{error_share('faults')} > 0.01",
        300,
        "page",
        f"{PERCENT} of the requests of the last 5 minutes failed by the service's own fault",
        "The limit is 1 %. Refused bodies are not counted: they have an alert of their own.",
        ("ApiDown",),
    ),
    Alert(
        "HttpFaults",
        f"sum(increase({HTTP_FAULTS}[30m])) > {MOST_HTTP_FAULTS}",
        0,
        "ticket",
        '{{ $value | printf "%.0f" }} requests of the last half hour failed: pages, accounts, '
        "history, feedback or explanations",
        "Each is an exception with its trace in the API's log. Predictions are not counted here.",
    ),
    Alert(
        "RefusalRatioHigh",
        f"{error_share('refusals')} > 0.2",
        600,
        "ticket",
        f"{PERCENT} of the requests of the last 5 minutes were refused as bad input",
        "The limit is 20 %. A client has changed what it sends, or the model what it takes.",
    ),
    _burn("LatencyBudgetBurnsFast", FAST, "page", ""),
    _burn("LatencyBudgetBurns", MEDIUM, "page", "LatencyBudgetBurnsFast"),
    _burn("LatencyBudgetBurnsSlowly", SLOW, "ticket", "LatencyBudgetBurns"),
    Alert(
        "NoTraffic",
        f"sum(increase({REQUESTS}[30m])) == 0 and sum(increase({REQUESTS}[1d])) > 100",
        300,
        "ticket",
        "no request has come for half an hour, after more than a hundred within a day",
        "The way to the service may be cut: its own health says nothing about that.",
        ("ApiDown", "EdgeDown"),
    ),
    Alert(
        "ModelStale",
        f"max by (instance, model) ({MODEL_STALE}) == 1",
        600,
        "ticket",
        "the API at {{ $labels.instance }} could not follow {{ $labels.model }} for 10 minutes",
        "It goes on with the last good version; a promotion or a step back does not reach it.",
        ("ApiDown", "MlflowDown"),
    ),
    Alert(
        "LiveRmseHigh",
        f"max by (model, version) ({LIVE_RMSE}) / max by (model, version) ({BASELINE_RMSE})"
        f" > {RMSE_ALARM} and max by (model, version) ({LIVE_ROWS}) >= {LEAST_LABELLED_ROWS}",
        30,
        "page",
        "the live RMSE of {{ $labels.model }} {{ $labels.version }} is "
        '{{ $value | printf "%.2f" }} times its baseline',
        f"The limit is {RMSE_ALARM} times what its RMSE may have been when it was promoted, "
        f"over at least {LEAST_LABELLED_ROWS} rows with true values. It starts a retraining. "
        f"{REPORT}",
        retrains=True,
    ),
    Alert(
        "FeatureDrift",
        f"max by (model) ({DRIFTED_FEATURES}) >= {DRIFTED_AT_ONCE}",
        0,
        "ticket",
        f"{{{{ $value }}}} features of {{{{ $labels.model }}}} have drifted:{DRIFTED}",
        f"The limit is a PSI of {PSI_DRIFTED:g} in {DRIFTED_AT_ONCE} features. It starts a "
        f"retraining. {REPORT}",
        retrains=True,
    ),
    Alert(
        "FeatureDriftWarn",
        f"max by (model, feature) ({DRIFT_PSI}) > {PSI_WARN}",
        0,
        "ticket",
        "{{ $labels.feature }} of {{ $labels.model }} begins to drift: its PSI is "
        '{{ $value | printf "%.2f" }}',
        f"The limit is {PSI_WARN:g}; a retraining begins when {DRIFTED_AT_ONCE} features are over "
        f"{PSI_DRIFTED:g}. {REPORT}",
        ("FeatureDrift",),
    ),
    Alert(
        "DatabaseAway",
        f"time() - {DATABASE_SEEN} > 60",
        60,
        "page",
        "the API at {{ $labels.instance }} has not reached its database for a minute",
        "Predictions go on and wait in the journal; nobody can log in, or see what was predicted.",
        ("ApiDown",),
    ),
    Alert(
        "JournalFills",
        f"{JOURNAL_BYTES} / {JOURNAL_MAX_BYTES} > 0.5",
        60,
        "page",
        f"{PERCENT} of the journal of {{{{ $labels.instance }}}} is full",
        "The limit is half. When it is full predictions are answered and not recorded.",
        ("ApiDown",),
    ),
    Alert(
        "PredictionsUnrecorded",
        f"increase({UNRECORDED}[5m]) > 0",
        0,
        "page",
        "the API at {{ $labels.instance }} has answered predictions without recording them",
        "They have no id: their true values can never be told, nor can anybody see them again.",
    ),
    Alert(
        "JournalDamaged",
        f"{JOURNAL_SET_ASIDE} > 0",
        0,
        "ticket",
        "{{ $value }} files of the journal of {{ $labels.instance }} were set aside",
        "They hold records that are incomplete, or that the database refuses.",
    ),
    Alert(
        "DriftUnmeasured",
        f"time() - max by (model) ({DRIFT_CHECKED}) > {UNMEASURED_S}",
        60,
        "ticket",
        "drift{{ with $labels.model }} of {{ . }}{{ end }} has not been measured for "
        "{{ $value | humanizeDuration }}",
        "Neither drift nor its end is seen meanwhile, and drift starts no retraining.",
        ("DatabaseAway",),
    ),
    Alert(
        "RetrainingFailed",
        f'max by (model) ({RETRAINING_ENDED}{{outcome="failed"}}) > 0 unless '
        f'max by (model) ({RETRAINING_ENDED}{{outcome="failed"}})'
        f' < max by (model) ({RETRAINING_ENDED}{{outcome!="failed"}})',
        0,
        "ticket",
        "the last retraining of {{ $labels.model }} failed at {{ $value | humanizeTimestamp }}",
        "The page /status has the reason and which version answers; this ends with the next "
        "retraining that does not fail.",
    ),
    Alert(
        "RetrainingRefused",
        f'max by (model) ({RETRAINING_ENDED}{{outcome="refused"}}) > time() - {TOLD_S}',
        0,
        "ticket",
        "a retraining of {{ $labels.model }} ended at {{ $value | humanizeTimestamp }} without a "
        "better model",
        "The champion stays: the challenger was not better, or there was too little to learn "
        "from. The page /status has the reason and the figures.",
    ),
    Alert(
        "DiskSpaceLow",
        "node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1"
        " and node_filesystem_readonly == 0",
        600,
        "ticket",
        f"{PERCENT} of {{{{ $labels.mountpoint }}}} on {{{{ $labels.instance }}}} is free",
        "The limit is 10 %. A full data volume stops the database and Prometheus.",
    ),
    Alert(
        "MemoryLow",
        "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1",
        600,
        "ticket",
        f"{PERCENT} of the memory of {{{{ $labels.instance }}}} is left",
        "The limit is 10 %. Below that the kernel ends the largest process.",
    ),
    Alert(
        "CertificateExpires",
        f"({CERTIFICATE_ENDS} - time()) / ({CERTIFICATE_ENDS} - {CERTIFICATE_BEGINS})"
        f" < {LEAST_LIFE}",
        600,
        "page",
        f"the edge's certificate has {PERCENT} of its life left",
        f"Caddy renews at a third; at {LEAST_LIFE:.0%} it has failed again and again.",
    ),
    Alert(
        "MlflowDown",
        'up{job="mlflow"} == 0',
        300,
        "ticket",
        "MLflow at {{ $labels.instance }} has not answered its scrapes for 5 minutes",
        "Predictions go on; nothing can be trained, promoted or looked up.",
    ),
    Alert(
        "AlertmanagerDown",
        'up{job="alertmanager"} == 0',
        300,
        "page",
        "Alertmanager at {{ $labels.instance }} has not answered its scrapes for 5 minutes",
        "No alert reaches anybody: this one is seen on Prometheus's own page only.",
    ),
    Alert(
        "TargetDown",
        f'up{{job!~"{"|".join(WATCHED_BY_NAME)}"}} == 0',
        300,
        "ticket",
        "{{ $labels.job }} at {{ $labels.instance }} has not answered its scrapes for 5 minutes",
        "Its figures are missing, and every alert made from them is blind.",
    ),
)


def render_rules() -> str:
    """Return `alerts.rules.yml`: what Prometheus records, and the alerts that it evaluates."""
    recorded = [{"record": r.name, "expr": r.expression} for r in RECORDINGS]
    groups = [
        {"name": "recordings", "rules": recorded},
        {"name": "alerts", "rules": [_rule(alert) for alert in ALERTS]},
    ]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=1000)


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": f"{alert.holds_s}s",
        "labels": labels_of(alert),
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": alert.runbook_url,
        },
    }


def labels_of(alert: Alert) -> dict[str, str]:
    """Return what routes go by."""
    return {"severity": alert.severity, **({"retrain": "true"} if alert.retrains else {})}
