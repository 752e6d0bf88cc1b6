"""The dashboard of the service itself: traffic, errors, latency, models and how well they do."""

from typing import Any

from app.loop_limits import PSI_DRIFTED, PSI_WARN, RMSE_ALARM
from app.loop_metrics import (
    ALERT_TO_SERVED,
    DRIFT_KS,
    DRIFT_PSI,
    DRIFT_ROWS,
    LABELLED_ROWS,
    RETRAINING_RUNNING,
    RETRAINING_SECONDS,
    RETRAININGS,
)
from app.metrics import (
    ERRORS,
    FEATURE_ROWS,
    GC_COLLECTIONS,
    LATENCY,
    LIVE_RMSE,
    MODEL_INFO,
    OUTPUT_ROWS,
    REQUESTS,
    ROWS,
    VIOLATIONS,
)
from app.model_health import BASELINE_RMSE, MODEL_STALE
from monitoring.objectives import (
    FAST,
    MEDIUM,
    OBJECTIVE,
    OBJECTIVE_S,
    SLOW,
    error_share,
    slow_share,
)
from monitoring.panels import WINDOW, Panel, Query, buckets, compose, graph, names, number, rate


def mlops_dashboard() -> dict[str, Any]:
    """Return the dashboard, row by row."""
    return compose(
        "mlops",
        "Models and predictions",
        (
            (
                "Now",
                (
                    requests_now(),
                    faults_now(),
                    latency_now(),
                    slow_now(),
                    model_now(),
                    rmse_now(),
                ),
            ),
            ("Traffic and errors", (requests(), rows(), errors())),
            ("Latency", (percentiles(), latencies(), budget())),
            ("Models", (versions(), live_rmse(), stale())),
            ("Drift", (psi(), ks(), window(), violations())),
            ("Retraining", (retrainings(), retraining_seconds(), alert_to_served())),
            ("Rows by the deciles of the training rows", (features(), outputs())),
            ("Runtime", (garbage(), processor(), memory())),
        ),
    )


def requests_now() -> Panel:
    """Return how many requests come."""
    return number("Requests", "reqps", Query(f"sum({rate(REQUESTS)})", "requests"))


def faults_now() -> Panel:
    """Return the share of requests that failed by the service's own fault; red where it pages."""
    return number("Faults", "percentunit", Query(error_share("faults"), "faults"), (0.001, 0.01))


def latency_now() -> Panel:
    """Return what the slowest hundredth of the answers takes."""
    query = Query(_percentile(0.99), "99 %")
    return number("99 % answered within", "s", query, (OBJECTIVE_S / 2, OBJECTIVE_S))


def slow_now() -> Panel:
    """Return the share of answers of the last hour that were slower than promised."""
    limits = (SLOW.over, FAST.over)
    query = Query(slow_share("1h"), "slow")
    return number(f"Slower than {OBJECTIVE_S:g} s, 1 h", "percentunit", query, limits)


def model_now() -> Panel:
    """Return the versions in force."""
    return names(
        "Serving", Query(f"max by (model, version) ({MODEL_INFO})", "{{model}} {{version}}")
    )


def rmse_now() -> Panel:
    """Return how far off predictions are, in times of what they were at promotion."""
    ratio = f"max by (model, version) ({LIVE_RMSE}) / max by (model, version) ({BASELINE_RMSE})"
    return number("Live RMSE / baseline", "none", Query(ratio, "{{version}}"), (1.1, RMSE_ALARM))


def requests() -> Panel:
    """Return all requests, and those without predictions."""
    return graph(
        "Requests",
        "reqps",
        Query(f"sum({rate(REQUESTS)})", "all"),
        Query(f"sum({rate(ERRORS)})", "without predictions"),
    )


def rows() -> Panel:
    """Return how many rows are predicted, and how many a request has."""
    return graph(
        "Rows",
        "short",
        Query(f"sum({rate(ROWS)})", "a second"),
        Query(f"sum({rate(ROWS)}) / sum({rate(REQUESTS)})", "a request"),
    )


def errors() -> Panel:
    """Return why requests got no predictions."""
    query = Query(f"sum by (reason) ({rate(ERRORS)})", "{{reason}}")
    return graph("Errors by reason", "reqps", query, stacked=True)


def percentiles() -> Panel:
    """Return what half, nine tenths and nearly all of the answers take."""
    shares = (0.5, 0.9, 0.99)
    return graph("Latency", "s", *(Query(_percentile(s), f"{s:.0%}") for s in shares))


def latencies() -> Panel:
    """Return how answers are spread over the histogram's buckets."""
    return buckets("Latency, all answers", "s", LATENCY)


def budget() -> Panel:
    """Return the shares of slow answers that the burn rate alerts look at."""
    windows = (FAST.long, MEDIUM.long, SLOW.long)
    return graph(
        f"Slower than {OBJECTIVE_S:g} s (allowed: {1 - OBJECTIVE:.0%})",
        "percentunit",
        *(Query(slow_share(window), window) for window in windows),
    )


def versions() -> Panel:
    """Return when each version was in force."""
    query = Query(f"max by (model, version) ({MODEL_INFO})", "{{model}} {{version}}")
    return graph("Versions served", "none", query)


def live_rmse() -> Panel:
    """Return how far off predictions are where the true value has come, and were at promotion."""
    return graph(
        "Live RMSE",
        "none",
        Query(f"max by (model, version) ({LIVE_RMSE})", "{{model}} {{version}}"),
        Query(f"max by (model, version) ({BASELINE_RMSE})", "{{model}} {{version}} at promotion"),
    )


def stale() -> Panel:
    """Return when the registry could not be followed."""
    query = Query(f"max by (instance, model) ({MODEL_STALE})", "{{instance}} {{model}}")
    return graph("Registry out of reach", "none", query).max(1)


def psi() -> Panel:
    """Return how far each feature, and the prediction, is from the rows of training."""
    return graph(
        "PSI by feature",
        "none",
        Query(f"max by (model, feature) ({DRIFT_PSI})", "{{model}} {{feature}}"),
        Query(f"vector({PSI_WARN})", "warning"),
        Query(f"vector({PSI_DRIFTED})", "drifted"),
    ).span(6)


def ks() -> Panel:
    """Return the largest distance between both distributions, of each feature."""
    query = Query(f"max by (model, feature) ({DRIFT_KS})", "{{model}} {{feature}}")
    return graph("Kolmogorov-Smirnov by feature", "none", query).max(1).span(6)


def window() -> Panel:
    """Return what drift is measured on, and what a retraining could learn from."""
    return graph(
        "Rows to learn from",
        "short",
        Query(f"max by (model) ({DRIFT_ROWS})", "{{model}}: window of drift"),
        Query(f"max by (model) ({LABELLED_ROWS})", "{{model}}: labelled since the last"),
    ).span(6)


def violations() -> Panel:
    """Return which columns hold what is refused at the door: such a value is no drift."""
    query = Query(f"sum by (column) ({rate(VIOLATIONS)})", "{{column}}")
    return graph("Refused for a column", "reqps", query, stacked=True).span(6)


def retrainings() -> Panel:
    """Return how retrainings ended, and whether one runs."""
    return graph(
        "Retrainings",
        "short",
        Query(f"sum by (model, outcome) ({RETRAININGS})", "{{model}} {{outcome}}"),
        Query(f"max({RETRAINING_RUNNING})", "running"),
    )


def retraining_seconds() -> Panel:
    """Return how long the last ones took."""
    query = Query(f"max by (model, outcome) ({RETRAINING_SECONDS})", "{{model}} {{outcome}}")
    return graph("Time of a retraining", "s", query)


def alert_to_served() -> Panel:
    """Return how long the last promotion was on its way, from its alert to the first answer."""
    query = Query(f"max by (model) ({ALERT_TO_SERVED})", "{{model}}")
    return graph("Alert to new model served", "s", query)


def features() -> Panel:
    """Return for each feature the share of rows in its fullest decile: a tenth, if all is as ever.

    A whole one says that every row has the same value, or one that training has hardly seen.
    """
    shares = _shares(FEATURE_ROWS, "model, feature")
    query = Query(f"max by (model, feature) ({shares})", "{{feature}}")
    return graph("Features: fullest decile", "percentunit", query).max(1).span(12)


def outputs() -> Panel:
    """Return the share of predictions in each decile of those for the training rows."""
    query = Query(_shares(OUTPUT_ROWS, "model"), "{{model}} decile {{bin}}")
    return graph("Predictions", "percentunit", query, stacked=True).span(12)


def garbage() -> Panel:
    """Return how often Python collects garbage: a collection stops every request."""
    query = Query(f"sum by (generation) ({rate(GC_COLLECTIONS)})", "generation {{generation}}")
    return graph("Garbage collections", "ops", query)


def processor() -> Panel:
    """Return how many processors the API keeps busy."""
    used = rate('process_cpu_seconds_total{job="xgboost-api"}')
    query = Query(f"sum({used})", "API")
    return graph("Processors busy", "none", query)


def memory() -> Panel:
    """Return what the API's process holds in memory."""
    query = Query('sum(process_resident_memory_bytes{job="xgboost-api"})', "API")
    return graph("Memory", "bytes", query)


def _shares(rows: str, of: str) -> str:
    """Return each bin's share of the rows of one model, or of one feature of it."""
    counted = rate(rows)
    return f"sum by ({of}, bin) ({counted}) / ignoring (bin) group_left sum by ({of}) ({counted})"


def _percentile(share: float) -> str:
    spread = f"sum by (le) (rate({LATENCY}_bucket[{WINDOW}]))"
    return f"histogram_quantile({share}, {spread})"
