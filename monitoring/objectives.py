"""Pure: what the service promises about its answers, and how fast a broken promise burns."""

from dataclasses import dataclass

from app.metrics import ERRORS, LATENCY, REQUESTS

OBJECTIVE = 0.99
"""Of all answers, over 30 days, this share comes within `OBJECTIVE_S`."""
OBJECTIVE_S = 0.1
"""A bound of the latency histogram: between two bounds Prometheus would have to guess."""
FAULTS = ("internal", "no_model", "unavailable")
"""Reasons for which the service is to blame; a refused body is its sender's."""
REFUSALS = ("bad_input",)


@dataclass(frozen=True)
class Recording:
    """A series that Prometheus computes once for every rule and panel that asks for it."""

    name: str
    expression: str


@dataclass(frozen=True)
class Burn:
    """One speed at which the budget of slow answers is used up, seen over two windows.

    The long window says that it matters, the short one that it has not ended. The three speeds
    are those of Google's SRE workbook, chapter 5, table 5-8.

    Attributes
    ----------
    factor
        Times the speed that would use up the budget in exactly 30 days.
    """

    factor: float
    long: str
    short: str

    @property
    def over(self) -> float:
        """Return the share of slow answers at which this speed begins."""
        return round(self.factor * (1 - OBJECTIVE), 6)


FAST = Burn(14.4, "1h", "5m")
"""2 % of the budget in an hour: all of it in two days."""
MEDIUM = Burn(6.0, "6h", "30m")
"""5 % of the budget in six hours: all of it in five days."""
SLOW = Burn(1.0, "3d", "6h")
"""10 % of the budget in three days: all of it in thirty."""

LEAST_ANSWERS = 100
"""With fewer in the long window, one slow answer would be more than a hundredth."""


def slow_share(window: str) -> str:
    """Name the recorded share of answers that took longer than the objective."""
    return f"service:prediction_slow:ratio_rate{window}"


def error_share(kind: str) -> str:
    """Name the recorded share of requests without predictions: of kind `faults` or `refusals`."""
    return f"service:prediction_{kind}:ratio_rate5m"


def burns(burn: Burn) -> str:
    """Return the expression that holds while the budget burns that fast.

    Its value is the share of slow answers in the long window.
    """
    return (
        f"{slow_share(burn.long)} > {burn.over:g}"
        f" and {slow_share(burn.short)} > {burn.over:g}"
        f" and sum(increase({LATENCY}_count[{burn.long}])) > {LEAST_ANSWERS}"
    )


def _slow(window: str) -> Recording:
    within = f'sum(rate({LATENCY}_bucket{{le="{OBJECTIVE_S:g}"}}[{window}]))'
    return Recording(slow_share(window), f"1 - {within} / sum(rate({LATENCY}_count[{window}]))")


def _errors(kind: str, reasons: tuple[str, ...]) -> Recording:
    chosen = f'sum(rate({ERRORS}{{reason=~"{"|".join(reasons)}"}}[5m]))'
    return Recording(error_share(kind), f"{chosen} / sum(rate({REQUESTS}[5m]))")


RECORDINGS = (
    _errors("faults", FAULTS),
    _errors("refusals", REFUSALS),
    *(
        _slow(window)
        for window in dict.fromkeys(
            w for burn in (FAST, MEDIUM, SLOW) for w in (burn.short, burn.long)
        )
    ),
)
