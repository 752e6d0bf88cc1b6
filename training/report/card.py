"""The model card: one page that says what a model is, how good, and what it is not for.

The headings follow "Model Cards for Model Reporting" (Mitchell et al. 2019).
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from training.models.interface import Params
from training.report.segments import Segment
from training.schema import HOUSING, Problem

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:left;"
    "border-bottom:1px solid #ddd}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "img{max-width:100%}"
)

HOUSING_LIMITS = (
    "Districts of the 1990 census: no price of today, and no single house.",
    "Prices in the data end at 500,001 USD, and so do predictions.",
    "The geographic model knows the coast, cities and neighbouring prices of the training rows.",
    "Income and place stand in for much else: do not decide about people with it.",
)
LIMITS = {HOUSING.name: HOUSING_LIMITS}
GENERATED = "Trained on generated data: it shows that everything works, and predicts nothing real."


@dataclass(frozen=True)
class Facts:
    """What the card tells."""

    model: str
    problem: Problem
    metrics: Mapping[str, float]
    params: Params
    tags: Mapping[str, str]
    parts: Mapping[str, int]
    segments: Sequence[Segment]


def card(facts: Facts, pictures: Mapping[str, bytes]) -> str:
    """Return the page as HTML that needs no other file; `pictures` are PNGs by title."""
    limits = list(LIMITS.get(facts.problem.name, ()))
    if facts.tags.get("dataset") == "generated":
        limits.append(GENERATED)
    name = escape(f"{facts.problem.name}: {facts.model}")
    body = [
        f"<h1>{name}</h1>",
        f"<p>Predicts {escape(facts.problem.target.name)} ({escape(facts.problem.target.unit)}).",
        "<h2>How good</h2>",
        table(("figure", "value"), facts.metrics.items()),
        "<h2>Not for</h2>",
        "<ul>" + "".join(f"<li>{escape(limit)}" for limit in limits) + "</ul>",
        "<h2>Data</h2>",
        table(("part", "rows"), facts.parts.items()),
        table(("", ""), facts.tags.items()),
        "<h2>Inputs</h2>",
        table(
            ("column", "low", "high", "unit"),
            [(c.name, c.low, c.high, c.unit) for c in facts.problem.columns],
        ),
        "<h2>Errors by segment</h2>",
        table(
            ("column", "from", "to", "rows", "RMSE", "bias"),
            [(s.column, s.low, s.high, s.rows, s.rmse, s.bias) for s in facts.segments],
        ),
        "<h2>Settings</h2>",
        table(("setting", "value"), facts.params.items()),
        *(picture(title, png) for title, png in pictures.items()),
    ]
    head = f"<!doctype html><meta charset=utf-8><title>{name}</title><style>{STYLE}</style>"
    return "\n".join([head, *body])


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return an HTML table; numbers stand to the right."""
    lines = "".join("<tr>" + "".join(_cell(value) for value in row) for row in rows)
    return "<table><tr>" + "".join(f"<th>{escape(name)}" for name in head) + lines + "</table>"


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{escape(str(value))}"
    return f"<td class=n>{value:,}" if isinstance(value, int) else f"<td class=n>{value:.4g}"


def picture(title: str, png: bytes) -> str:
    """Return a PNG under its title, held by the page itself."""
    data = base64.b64encode(png).decode()
    return f'<h2>{escape(title)}</h2><img alt="{escape(title)}" src="data:image/png;base64,{data}">'
