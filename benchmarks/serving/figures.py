"""What the measured figures come to: medians, factors, tables, and the aims that they meet."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.serving.bodies import MANY_ROWS, ONE_ROW
from benchmarks.serving.servers import (
    BARE_FLASK,
    BARE_WSGI,
    MLFLOW_PEER,
    MLSERVER_PEER,
    OURS,
    OURS_GEOGRAPHIC,
    PEERS,
)

T = TypeVar("T")
Figures = Mapping[str, float]
Rows = Mapping[str, Figures]
"""Figures by server."""

RATE, P50, P99, CPU = "requests/s", "p50 ms", "p99 ms", "CPU us/request"
MEMORY, COLD_START = "memory MB", "cold start s"


def medians(rounds: Sequence[Figures]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}


def in_turn(cases: Sequence[T], number: int) -> Iterator[T]:
    """Yield the cases of a round in their order, every second round from the last to the first.

    What changes with time on a shared machine then does not always fall on the same ones.
    """
    yield from reversed(cases) if number % 2 else cases


def of(figure: str, size: str) -> str:
    """Name a figure that belongs to bodies of one size."""
    return f"{size}: {figure}"


def compared(rows: Rows, size: str) -> dict[str, dict[str, float]]:
    """Return the figures for bodies of one size, with the factors to peers and floor.

    A factor to a peer is of requests a second; `% of` the floor too.
    """
    rate = of(RATE, size)
    found = {}
    for name, figures in rows.items():
        own = {figure: figures[of(figure, size)] for figure in (RATE, P50, P99, CPU, MEMORY)}
        own["x mlflow"] = figures[rate] / rows[MLFLOW_PEER][rate]
        own["x MLServer"] = figures[rate] / rows[MLSERVER_PEER][rate]
        if size == ONE_ROW:
            own["% of bare Flask"] = 100 * figures[rate] / rows[BARE_FLASK][rate]
            own["% of bare WSGI"] = 100 * figures[rate] / rows[BARE_WSGI][rate]
            own[COLD_START] = figures[COLD_START]
        found[name] = own
    return found


FORMS: dict[str, Callable[[float], str]] = {
    P50: "{:.2f}".format,
    P99: "{:.1f}".format,
    "x mlflow": "{:.1f}".format,
    "x MLServer": "{:.1f}".format,
    COLD_START: "{:.1f}".format,
}


def table(rows: Rows) -> list[str]:
    """Return a Markdown table: a row for each server, a column for each figure."""
    names = list(next(iter(rows.values())))
    lines = [f"| server | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for server, figures in rows.items():
        cells = [FORMS.get(name, "{:,.0f}".format)(figures[name]) for name in names]
        lines.append(f"| {server} | {' | '.join(cells)} |")
    return [*lines, ""]


@dataclass(frozen=True)
class Aim:
    """Something that was aimed at, and what was seen; more is better, or less when `at_most`."""

    what: str
    asked: float
    seen: float
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Whether what was seen is as good as what was asked for."""
        return self.seen <= self.asked if self.at_most else self.seen >= self.asked


def aims(rows: Rows) -> list[Aim]:
    """Return the aims for the service with one worker.

    Parameters
    ----------
    rows
        The figures of one worker, `this service`, its peers and the floor among them.
    """
    one, many, cpu = of(RATE, ONE_ROW), of(RATE, MANY_ROWS), of(CPU, ONE_ROW)
    own, mlflow, mlserver = (rows[name] for name in (OURS, MLFLOW_PEER, MLSERVER_PEER))
    dearer = rows[OURS_GEOGRAPHIC][cpu] / own[cpu]
    share = 100 * own[one] / rows[BARE_FLASK][one]
    slow = of(P99, ONE_ROW)
    best_p99 = min(rows[peer.name][slow] for peer in PEERS)
    return [
        Aim("1 row: times mlflow's requests a second", 40, own[one] / mlflow[one]),
        Aim("1 row: times MLServer's requests a second", 7, own[one] / mlserver[one]),
        Aim("1 row: % of bare Flask's requests a second", 60, share),
        Aim("1,000 rows: times mlflow's requests a second", 3.5, own[many] / mlflow[many]),
        Aim("1,000 rows: times MLServer's requests a second", 1.2, own[many] / mlserver[many]),
        Aim("1 row: p99 ms, below the best peer's", best_p99, own[slow], at_most=True),
        Aim("cold start, s", 1, own[COLD_START], at_most=True),
        Aim("memory with one worker, MB", 100, own[of(MEMORY, ONE_ROW)], at_most=True),
        Aim("geographic model: times the plain one's CPU", 3, dearer, at_most=True),
    ]


def aims_table(found: Sequence[Aim]) -> list[str]:
    """Return a Markdown table of aims."""
    lines = ["| aim, one worker | asked | seen | |", "|---|---:|---:|---|"]
    for aim in found:
        sign = "≤" if aim.at_most else "≥"
        verdict = "met" if aim.is_met else "missed"
        lines.append(f"| {aim.what} | {sign} {aim.asked:.3g} | {aim.seen:.3g} | {verdict} |")
    return [*lines, ""]
