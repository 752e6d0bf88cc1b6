"""For each alert, series that must raise it and series just short of that, as promtool has them."""

from dataclasses import dataclass, field

from app.loop_metrics import (
    DRIFT_CHECKED,
    DRIFT_PSI,
    DRIFT_REPORT,
    DRIFTED_FEATURES,
    RETRAINING_ENDED,
)
from app.metrics import (
    DATABASE_SEEN,
    ERRORS,
    HTTP_FAULTS,
    JOURNAL_BYTES,
    JOURNAL_MAX_BYTES,
    JOURNAL_SET_ASIDE,
    LATENCY,
    LIVE_RMSE,
    LIVE_ROWS,
    REQUESTS,
    UNRECORDED,
)
from app.model_health import BASELINE_RMSE, MODEL_STALE
from app.status.queries import EDGE_UP
from monitoring.alerts import CERTIFICATE_BEGINS, CERTIFICATE_ENDS

API = 'instance="api:5001",job="xgboost-api"'
HOST = 'instance="host:9100",job="node"'
LOOP = 'instance="retrainer:5002",job="retrainer"'
NAMED = 'model="m"'
MODEL = f'{NAMED},version="7"'


@dataclass(frozen=True)
class Case:
    """`firing` raises the alert at time `at`, with these labels and this summary; `quiet` does not.

    `description` is that of the alert unless Prometheus fills something in there. Series are
    promtool's: `0+5x10` starts at 0 and grows by 5 ten times, one step an `every`.
    """

    firing: dict[str, str]
    quiet: dict[str, str]
    summary: str
    labels: dict[str, str] = field(default_factory=dict)
    at: str = "20m"
    every: str = "1m"
    description: str | None = None


def labelled(text):
    """Return the labels of a selector's inside."""
    return dict(pair.replace('"', "").split("=") for pair in text.split(","))


def down(labels):
    """Return a target that has long stopped to answer, and one that has failed a single scrape."""
    series = f"up{{{labels}}}"
    return {series: "1x5 0x30"}, {series: "1x19 0x30"}


def errors(reason, each_minute, requests=100):
    """Return requests of which so many a minute fail."""
    return {
        f"{REQUESTS}{{{API}}}": f"0+{requests}x60",
        f'{ERRORS}{{{API},reason="{reason}"}}': f"0+{each_minute}x60",
    }


def latency(slow, of=1000, steps=100):
    """Return answers of which so many of so many in a step are slower than the objective."""
    return {
        f'{LATENCY}_bucket{{{API},le="0.1"}}': f"0+{of - slow}x{steps}",
        f"{LATENCY}_count{{{API}}}": f"0+{of}x{steps}",
    }


def quick_again(slow, steps, after):
    """Return answers that were slow and are quick again: the short window must end the alert."""
    return {
        f'{LATENCY}_bucket{{{API},le="0.1"}}': f"0+{1000 - slow}x{steps} "
        f"{(1000 - slow) * steps + 1000}+1000x{after}",
        f"{LATENCY}_count{{{API}}}": f"0+1000x{steps + after}",
    }


def filesystem(free, readonly=0):
    """Return a file system of 100 bytes."""
    labels = f'{{{HOST},device="/dev/vdb",mountpoint="/var/lib/pulumi-mlops"}}'
    return {
        f"node_filesystem_avail_bytes{labels}": f"{free}x60",
        f"node_filesystem_size_bytes{labels}": "100x60",
        f"node_filesystem_readonly{labels}": f"{readonly}x60",
    }


def memory(free):
    """Return a memory of 100 bytes."""
    return {
        f"node_memory_MemAvailable_bytes{{{HOST}}}": f"{free}x60",
        f"node_memory_MemTotal_bytes{{{HOST}}}": "100x60",
    }


def certificate(ends_s):
    """Return a certificate that is valid from a day before the first sample on."""
    return {
        f"{CERTIFICATE_BEGINS}{{{HOST}}}": "-86400x60",
        f"{CERTIFICATE_ENDS}{{{HOST}}}": f"{ends_s}x60",
    }


def rmse(live, rows=300):
    """Return a version whose baseline is 0.5, and on so many rows has another error."""
    return {
        f"{LIVE_RMSE}{{{API},{MODEL}}}": f"{live}x60",
        f"{LIVE_ROWS}{{{API},{MODEL}}}": f"{rows}x60",
        f"{BASELINE_RMSE}{{{API},{MODEL}}}": "0.5x60",
    }


def journal(size):
    """Return a journal of 1000 bytes at most."""
    return {
        f"{JOURNAL_BYTES}{{{API}}}": f"{size}x60",
        f"{JOURNAL_MAX_BYTES}{{{API}}}": "1000x60",
    }


def psi(**of):
    """Return the PSI of each feature, as the retrainer tells it."""
    return {f'{DRIFT_PSI}{{{LOOP},{NAMED},feature="{name}"}}': f"{v}x60" for name, v in of.items()}


def drifted(features, **of):
    """Return how many features have drifted, and their PSI."""
    return {f"{DRIFTED_FEATURES}{{{LOOP},{NAMED}}}": f"{features}x60", **psi(**of)}


def ended(**at):
    """Return when the last retraining with each outcome ended."""
    series = f"{RETRAINING_ENDED}{{{LOOP},{NAMED}"
    return {f'{series},outcome="{outcome}"}}': values for outcome, values in at.items()}


REPORT = {f'{DRIFT_REPORT}{{{LOOP},{NAMED},experiment_id="3",run_id="r9"}}': "1x60"}
LINK = "Report: https://edge:8443/mlflow/#/experiments/3/runs/r9/artifacts"
NO_REPORT = "The report is not made yet: look into MLflow's experiment drift"
UNREACHED = "has not answered its scrapes for"
MLFLOW = 'instance="mlflow:5000",job="mlflow"'
ALERTMANAGER = 'instance="alertmanager:9093",job="alertmanager"'
CASES = {
    "ApiDown": Case(
        *down(API),
        f"the API at api:5001 {UNREACHED} a minute",
        labelled(API),
    ),
    "EdgeDown": Case(
        {f"{EDGE_UP}{{{HOST}}}": "1x5 0x30"},
        {f"{EDGE_UP}{{{HOST}}}": "1x19 0x30"},
        "the edge of host:9100 has not answered its agent for two minutes",
        labelled(HOST),
    ),
    "ErrorRatioHigh": Case(
        errors("internal", 2),
        # Bad input alone, and faults just below the limit.
        {**errors("no_model", 0.9), f'{ERRORS}{{{API},reason="bad_input"}}': "0+50x60"},
        "2% of the requests of the last 5 minutes failed by the service's own fault",
    ),
    "HttpFaults": Case(
        {f"{HTTP_FAULTS}{{{API}}}": "0x30 0+1x5 5x30"},
        {f"{HTTP_FAULTS}{{{API}}}": "0x30 0+1x3 3x60"},
        "5 requests of the last half hour failed: pages, accounts, history, feedback or "
        "explanations",
        at="50m",
    ),
    "RefusalRatioHigh": Case(
        errors("bad_input", 25),
        errors("bad_input", 19),
        "25% of the requests of the last 5 minutes were refused as bad input",
    ),
    "LatencyBudgetBurnsFast": Case(
        latency(200),
        quick_again(200, 50, 50),
        "20% of the answers of the last 1h took more than 0.1 s",
        at="1h10m",
    ),
    "LatencyBudgetBurns": Case(
        latency(100),
        latency(50),
        "10% of the answers of the last 6h took more than 0.1 s",
        at="7h",
        every="5m",
    ),
    "LatencyBudgetBurnsSlowly": Case(
        latency(20, steps=300),
        latency(9, steps=300),
        "2% of the answers of the last 3d took more than 0.1 s",
        at="80h",
        every="20m",
    ),
    "NoTraffic": Case(
        {f"{REQUESTS}{{{API}}}": "0+5x60 300x60"},
        # A service that nobody has begun to use is no news.
        {f"{REQUESTS}{{{API}}}": "3x120"},
        "no request has come for half an hour, after more than a hundred within a day",
        at="1h50m",
    ),
    "ModelStale": Case(
        {f"{MODEL_STALE}{{{API},{NAMED}}}": "0x5 1x30"},
        {f"{MODEL_STALE}{{{API},{NAMED}}}": "0x14 1x30"},
        "the API at api:5001 could not follow m for 10 minutes",
        {"instance": "api:5001", "model": "m"},
    ),
    "LiveRmseHigh": Case(
        {**rmse(0.7), **REPORT},
        # Another has few rows, and is far off.
        {**rmse(0.64), **{s.replace("7", "8"): v for s, v in rmse(5, rows=299).items()}},
        "the live RMSE of m 7 is 1.40 times its baseline",
        labelled(MODEL),
        description="The limit is 1.3 times what its RMSE may have been when it was promoted, "
        f"over at least 300 rows with true values. It starts a retraining. {LINK}",
    ),
    "FeatureDrift": Case(
        {**drifted(2, MedInc=0.4, Latitude=1.25, AveRooms=0.19), **REPORT},
        drifted(1, MedInc=0.4, AveRooms=0.19),
        "2 features of m have drifted: Latitude 1.25 MedInc 0.40",
        labelled(NAMED),
        description="The limit is a PSI of 0.2 in 2 features. It starts a retraining. " + LINK,
    ),
    "FeatureDriftWarn": Case(
        psi(MedInc=0.12, Latitude=0.09),
        psi(MedInc=0.1, Latitude=0.09),
        "MedInc of m begins to drift: its PSI is 0.12",
        labelled(f'{NAMED},feature="MedInc"'),
        description="The limit is 0.1; a retraining begins when 2 features are over 0.2. "
        + NO_REPORT,
    ),
    "DatabaseAway": Case(
        {f"{DATABASE_SEEN}{{{API}}}": "0+60x17 1020x30"},
        # Between two scrapes, and at the very start.
        {f"{DATABASE_SEEN}{{{API}}}": "0x1 75+60x60"},
        "the API at api:5001 has not reached its database for a minute",
        labelled(API),
    ),
    "JournalFills": Case(
        journal(510),
        journal(500),
        "51% of the journal of api:5001 is full",
        labelled(API),
    ),
    "PredictionsUnrecorded": Case(
        {f"{UNRECORDED}{{{API}}}": "0x17 1x60"},
        # It ends when they are recorded again.
        {f"{UNRECORDED}{{{API}}}": "0x10 7x60"},
        "the API at api:5001 has answered predictions without recording them",
        labelled(API),
    ),
    "JournalDamaged": Case(
        {f"{JOURNAL_SET_ASIDE}{{{API}}}": "2x60"},
        {f"{JOURNAL_SET_ASIDE}{{{API}}}": "2x18 0x60"},
        "2 files of the journal of api:5001 were set aside",
        labelled(API),
    ),
    "DriftUnmeasured": Case(
        {
            f"{DRIFT_CHECKED}{{{LOOP}}}": "0+60x60",
            f"{DRIFT_CHECKED}{{{LOOP},{NAMED}}}": "0+60x5 300x60",
        },
        {
            f"{DRIFT_CHECKED}{{{LOOP}}}": "0+60x11 660x60",
            f"{DRIFT_CHECKED}{{{LOOP},{NAMED}}}": "0+60x60",
        },
        "drift of m has not been measured for 15m 0s",
        labelled(NAMED),
    ),
    "RetrainingFailed": Case(
        ended(failed="0x10 600x60", promoted="60x60"),
        ended(failed="60x60", promoted="0x60", refused="0x10 600x60"),
        "the last retraining of m failed at 1970-01-01 00:10:00 +0000 UTC",
        labelled(NAMED),
    ),
    "RetrainingRefused": Case(
        ended(refused="600x200", promoted="540x200"),
        # More than an hour ago: no news.
        ended(refused="1x200", promoted="0x200"),
        "a retraining of m ended at 1970-01-01 00:10:00 +0000 UTC without a better model",
        labelled(NAMED),
        at="61m",
    ),
    "DiskSpaceLow": Case(
        filesystem(9),
        # A read-only image is always full.
        filesystem(0, readonly=1),
        "9% of /var/lib/pulumi-mlops on host:9100 is free",
        labelled(f'{HOST},device="/dev/vdb",mountpoint="/var/lib/pulumi-mlops"'),
    ),
    "MemoryLow": Case(
        memory(9),
        memory(11),
        "9% of the memory of host:9100 is left",
        labelled(HOST),
    ),
    "CertificateExpires": Case(
        certificate(9600),
        certificate(86400),
        "the edge's certificate has 8.75% of its life left",
        labelled(HOST),
    ),
    "MlflowDown": Case(
        *down(MLFLOW),
        f"MLflow at mlflow:5000 {UNREACHED} 5 minutes",
        labelled(MLFLOW),
    ),
    "AlertmanagerDown": Case(
        *down(ALERTMANAGER),
        f"Alertmanager at alertmanager:9093 {UNREACHED} 5 minutes",
        labelled(ALERTMANAGER),
    ),
    "TargetDown": Case(
        *down(HOST),
        f"node at host:9100 {UNREACHED} 5 minutes",
        labelled(HOST),
    ),
}
