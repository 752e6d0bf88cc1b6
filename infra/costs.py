"""What a stack will cost a month: a pure count of what it declares, before any of it exists."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from infra import prices
from infra.charges import FREE, PRICED, USAGE
from infra.errors import UserError
from infra.plan import Resource, plan
from infra.prices import HOURS_A_MONTH, PriceTable
from infra.settings import Settings

MOST_EXPENSIVE = 3


@dataclass(frozen=True)
class Line:
    """One kind of thing that is paid for by the month."""

    what: str
    quantity: float
    per: Literal["month", "hour"]
    unit_usd: float
    monthly_usd: float


@dataclass(frozen=True)
class Estimate:
    """The price of a month at rest, the dearest first, and what it leaves out."""

    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    by_use: tuple[str, ...]
    as_of: str

    @property
    def monthly_usd(self) -> float:
        """Return the sum of the lines."""
        return round(sum(line.monthly_usd for line in self.lines), 2)

    @property
    def not_priced(self) -> tuple[str, ...]:
        """Return what the sum leaves out: prices that are not known, and what depends on use."""
        return (*self.unknown, *self.by_use)


def estimate(resources: Iterable[Resource], table: PriceTable) -> Estimate:
    """Return what declared resources cost a month at the table's prices.

    Parameters
    ----------
    resources
        Type and inputs of each, as the engine gets them; other packages' types cost nothing.
    table
        List prices.

    Returns
    -------
    Estimate
        One line a kind and price. A type or an instance type without a price is in `unknown`.
    """
    charged = [(k, p) for k, p in resources if k.startswith("aws:") and k not in FREE]
    counted: dict[tuple[str, str], float] = {}
    for kind, props in charged:
        for what, key, quantity in PRICED[kind](props) if kind in PRICED else ():
            counted[what, key] = counted.get((what, key), 0) + quantity
    lines = [line for (what, key), n in counted.items() for line in _line(what, key, n, table)]
    unknown = {what for what, key in counted if _unit_usd(key, table) is None}
    unknown |= {kind for kind, _ in charged if kind not in PRICED and kind not in USAGE}
    by_use = {text.format_map(table.usd) for kind, _ in charged for text in USAGE.get(kind, ())}
    return Estimate(
        lines=tuple(sorted(lines, key=lambda line: (-line.monthly_usd, line.what))),
        unknown=tuple(f"{what}: its price is not in the table" for what in sorted(unknown)),
        by_use=tuple(sorted(by_use)),
        as_of=table.as_of,
    )


def _unit_usd(key: str, table: PriceTable) -> float | None:
    known = table.instances.get(key)
    return known.usd_hour if known else table.usd.get(key)


def _line(what: str, key: str, quantity: float, table: PriceTable) -> Iterator[Line]:
    unit_usd = _unit_usd(key, table)
    if unit_usd is None:
        return
    monthly = key.endswith("_month")
    units = quantity if monthly else quantity * HOURS_A_MONTH
    per: Literal["month", "hour"] = "month" if monthly else "hour"
    yield Line(what, quantity, per, unit_usd, round(units * unit_usd, 2))


def judge(settings: Settings, table: PriceTable | None = None) -> Estimate:
    """Return what a stack will cost a month.

    Parameters
    ----------
    settings
        The stack's settings; the embedded AWS costs nothing.
    table
        List prices; the repository's own unless given.

    Raises
    ------
    UserError
        It is more than `maxMonthlyUsd`, or whether it is can't be told.
    """
    table = table or prices.table()
    if settings.aws_endpoint is not None:
        return Estimate((), (), (), table.as_of)
    found = estimate(plan(settings), table)
    if settings.region != table.region:
        elsewhere = f"what {settings.region} charges: the prices are those of {table.region}"
        found = replace(found, unknown=(elsewhere, *found.unknown))
    if settings.max_monthly_usd is not None:
        _hold(settings.max_monthly_usd, found, settings.stack)
    return found


def _hold(limit: int, found: Estimate, stack: str) -> None:
    """Refuse what is dearer than a limit, or may be."""
    if found.unknown:
        message = (
            f"maxMonthlyUsd: {limit} is refused: whether stack {stack} keeps within it can't be "
            f"told: {'; '.join(found.unknown)}. Choose what has a price in infra/prices.json, or "
            f"do without the limit: pulumi config rm maxMonthlyUsd --stack {stack}"
        )
        raise UserError(message)
    if found.monthly_usd > limit:
        message = (
            f"stack {stack} would cost about {found.monthly_usd:.2f} USD a month, more than its "
            f"maxMonthlyUsd of {limit}. Nothing was changed. The dearest of it:\n"
            f"{_listed(found.lines[:MOST_EXPENSIVE])}\n"
            f"Choose less, or: pulumi config set maxMonthlyUsd {math.ceil(found.monthly_usd)} "
            f"--stack {stack}"
        )
        raise UserError(message)


def text(found: Estimate) -> str:
    """Return an estimate for people."""
    if not found.lines:
        return "the embedded AWS costs nothing"
    left_out = "\n".join(f"  {what}" for what in found.not_priced)
    return (
        f"about {found.monthly_usd:.2f} USD a month at rest, by list prices of {found.as_of} or "
        f"later:\n{_listed(found.lines)}\nnot priced:\n{left_out}"
    )


def _listed(lines: Iterable[Line]) -> str:
    return "\n".join(
        f"  {line.monthly_usd:>8.2f}  {line.what}: {line.quantity:g} at {line.unit_usd:g} a "
        f"{line.per}"
        for line in lines
    )
