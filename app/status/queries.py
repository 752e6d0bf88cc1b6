"""Pure: what the page asks Prometheus; nothing in it comes from a browser.

Several questions are one, so that the page costs a worker one answer: each series is told apart by
the label `figure` that is put on it.
"""

import json

from app.loop_limits import LEAST_LABELLED_ROWS
from app.loop_metrics import DRIFT_PSI
from app.metrics import ERRORS, LATENCY, LIVE_RMSE, LIVE_ROWS, MODEL_INFO, REQUESTS
from app.model_health import BASELINE_RMSE

UP, REQUESTS_S, ERRORS_S, ERROR_SHARE = "up", "requests_per_s", "errors_per_s", "error_share"
P50, P99, PSI, RMSE = "latency_p50_s", "latency_p99_s", "drift_psi", "live_rmse_ratio"
SINCE = "since"
EDGE_UP = "edge_up"
"""Written by the host's agent; the node exporter tells it."""
COURSE = (REQUESTS_S, ERRORS_S, P50, P99, RMSE)
"""Figures of one series each."""

NOW_WINDOW, COURSE_WINDOW = "5m", "1m"


def now() -> str:
    """Ask for the newest figures."""
    asked, failed = _rate(REQUESTS, NOW_WINDOW), _rate(ERRORS, NOW_WINDOW)
    return _together(
        (UP, "min by (job) (up)"),
        (UP, f'label_replace(min({EDGE_UP}), "job", "edge", "", "")'),
        (REQUESTS_S, asked),
        (ERROR_SHARE, f"{failed} / {asked}"),
        (P99, _percentile(0.99, NOW_WINDOW)),
    )


def course(model: str) -> str:
    """Ask for what is drawn: traffic and latency of all models, drift and live error of one."""
    own = f"{{model={json.dumps(model)}}}"
    live, baseline = (
        f"max by (version) ({LIVE_RMSE}{own})",
        f"max by (version) ({BASELINE_RMSE}{own})",
    )
    enough = f"max by (version) ({LIVE_ROWS}{own}) >= {LEAST_LABELLED_ROWS}"
    return _together(
        (REQUESTS_S, _rate(REQUESTS, COURSE_WINDOW)),
        (ERRORS_S, _rate(ERRORS, COURSE_WINDOW)),
        (P50, _percentile(0.5, COURSE_WINDOW)),
        (P99, _percentile(0.99, COURSE_WINDOW)),
        (PSI, f"max by (feature) ({DRIFT_PSI}{own})"),
        (RMSE, f"max({live} / {baseline} and {enough})"),
    )


def since(model: str, version: str) -> str:
    """Ask when the last other version was seen; else, within 30 days, when first this one was."""
    of, this = f"{MODEL_INFO}{{model={json.dumps(model)},version", json.dumps(version)
    other = f"max(max_over_time(timestamp({of}!={this}}})[30d:1m]))"
    first = f"min(min_over_time(timestamp({of}={this}}})[30d:1m]))"
    return f"{other} or {first}"


def _together(*asked: tuple[str, str]) -> str:
    named = (f'label_replace({text}, "figure", "{name}", "", "")' for name, text in asked)
    return " or ".join(named)


def _rate(series: str, window: str) -> str:
    return f"sum(rate({series}[{window}]))"


def _percentile(share: float, window: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({LATENCY}_bucket[{window}])))"
