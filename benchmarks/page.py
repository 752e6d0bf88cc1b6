"""Writes figures as Markdown, and each benchmark's into its place on the page."""

from collections.abc import Mapping
from typing import Any

from benchmarks import training_scale
from benchmarks.monitoring import ALONE, API_CPU, WATCHED, WATCHING_CPU
from benchmarks.serving import figures as f
from benchmarks.serving.bodies import MANY_ROWS, ONE_ROW

Grid = Mapping[str, Mapping[str, float]]

ONNX, XGBOOST = "ONNX Runtime, us", "XGBoost, us"
"""The engines' figures: microseconds a call."""


def with_part(text: str, name: str, lines: list[str]) -> str:
    """Return the page with what stands between the marks of a part replaced.

    Raises
    ------
    ValueError
        The page has no such marks.
    """
    begin, end = f"<!-- make bench: {name} -->", f"<!-- end of {name} -->"
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        message = f"docs/benchmarks.md has no place for {name}: {begin} … {end}"
        raise ValueError(message)
    return before + "\n".join([begin, *lines, end]) + after


def table(head: tuple[str, str], values: Mapping[str, float], form: str) -> list[str]:
    """Return a Markdown table of figures."""
    rows = [f"| {name} | {value:{form}} |" for name, value in values.items()]
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *rows, ""]


def grid(name: str, rows: Grid) -> list[str]:
    """Return a Markdown table with a row for each case and a column for each figure."""
    figures = list(next(iter(rows.values())))
    lines = [
        f"| {case} | {' | '.join(f'{row[figure]:,}' for figure in figures)} |"
        for case, row in rows.items()
    ]
    head = f"| {name} | {' | '.join(figure.replace('_', ' ') for figure in figures)} |"
    return [head, f"|---|{'---:|' * len(figures)}", *lines, ""]


def stack(found: Mapping[str, Any]) -> list[str]:
    """Write what `local_stack` measured, and the trainings on its stack."""
    memory = {**found["memory_mb"], "in all": sum(found["memory_mb"].values())}
    return [
        *table(("step", "seconds"), found["seconds"], ".1f"),
        *table(("service, at rest", "memory, MB (PSS)"), memory, ".0f"),
        *grid("recipe, profile", found["recipes"]),
    ]


def training(found: Mapping[str, Grid]) -> list[str]:
    """Write what `training_scale` measured."""
    return grid("training, 100 trees", flat(found))


def flat(found: Mapping[str, Grid]) -> dict[str, dict[str, float]]:
    """Return the figures of training by number of rows and way, and what each costs over bare."""
    rows = {}
    for count, ways in found.items():
        bare = ways[training_scale.BARE]
        for way, figures in ways.items():
            over = {
                f"over_bare_{name}_%": round(100 * (figures[name] / bare[name] - 1))
                for name in ("cpu_seconds", "peak_mb")
            }
            rows[f"{count} rows, {way}"] = {**figures, **over}
    return rows


def batch(found: Grid) -> list[str]:
    """Write what `batch_predict` measured."""
    return grid("batch prediction", found)


def engines(found: Grid) -> list[str]:
    """Write what `engines` measured, and where the faster one changes."""
    crossed = crossover(found)
    told = f"XGBoost is the faster one from {crossed} rows on." if crossed else "They do not cross."
    return [*grid("rows", found), told, ""]


def monitoring(found: Mapping[str, Any]) -> list[str]:
    """Write what `monitoring` measured, and what watching costs of the API's speed."""
    watched, alone = (found["overhead"][way] for way in (WATCHED, ALONE))
    lost = 1 - watched["requests_a_second"] / alone["requests_a_second"]
    dearer = watched[API_CPU] / alone[API_CPU] - 1
    told = (
        f"Watching costs {100 * lost:.1f} % of the requests a second (aim: at most 5 %): a request "
        f"costs the API {100 * dearer:+.1f} % of processor time, and what watches takes "
        f"{watched[WATCHING_CPU]} % of the machine."
    )
    memory = {**found["memory_mb"], "in all": sum(found["memory_mb"].values())}
    return [
        *grid("the API, one row a request", found["overhead"]),
        told,
        "",
        *table(("service that watches", "memory, MB (PSS)"), memory, ".0f"),
        *table(("Prometheus's disk", "value"), found["disk"], ",.10g"),
    ]


def drill(found: Mapping[str, Any]) -> list[str]:
    """Write the figures of a drill."""
    return [
        f"On {found['data']} data; all of it took {found['events'][-1]['second']:.0f} s.",
        "",
        *table(("figure", "value"), found["figures"], ".2f"),
    ]


def crossover(times: Grid) -> int | None:
    """Return the number of rows from which on XGBoost is the faster one, None when it never is."""
    first = None
    for size in sorted(map(int, times)):
        found = times[str(size)]
        if found[XGBOOST] >= found[ONNX]:
            first = None
        elif first is None:
            first = size
    return first


def serving(found: Mapping[str, Any]) -> list[str]:
    """Write what `serving.compare` measured, and which aims it meets."""
    lines = f.aims_table(f.aims(next(iter(found.values()))))
    for workers, rows in found.items():
        for size in (ONE_ROW, MANY_ROWS):
            lines += [f"**{workers}, {size} a request**", "", *f.table(f.compared(rows, size))]
    return lines
