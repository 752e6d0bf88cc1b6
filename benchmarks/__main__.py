"""Runs the benchmarks and writes docs/benchmarks.md."""

import datetime as dt
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil

from benchmarks import batch_predict, local_stack, training_scale
from benchmarks.scratch import CHECKOUT

PAGE = CHECKOUT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"


def machine() -> str:
    """Describe the machine that the figures are from."""
    memory_gb = psutil.virtual_memory().total / 2**30
    return (
        f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"{memory_gb:.0f} GiB, {platform.platform(terse=True)}, "
        f"Python {platform.python_version()}"
    )


def table(head: tuple[str, str], values: dict[str, float], form: str) -> list[str]:
    """Return a Markdown table of figures."""
    rows = [f"| {name} | {value:{form}} |" for name, value in values.items()]
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *rows, ""]


def grid(name: str, rows: dict[str, dict[str, float]]) -> list[str]:
    """Return a Markdown table with a row for each case and a column for each figure."""
    figures = list(next(iter(rows.values())))
    lines = [
        f"| {case} | {' | '.join(f'{row[figure]:,}' for figure in figures)} |"
        for case, row in rows.items()
    ]
    head = f"| {name} | {' | '.join(figure.replace('_', ' ') for figure in figures)} |"
    return [head, f"|---|{'---:|' * len(figures)}", *lines, ""]


def flat(found: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the figures of training by number of rows and way, and what each costs over bare."""
    rows = {}
    for count, ways in found.items():
        bare = ways[training_scale.BARE]
        for way, figures in ways.items():
            over = {
                f"over_bare_{name}_%": round(100 * (figures[name] / bare[name] - 1))
                for name in ("cpu_seconds", "peak_mb")
            }
            rows[f"{count} rows, {way}"] = figures | over
    return rows


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main(arguments: list[str]) -> None:
    """Run, then print JSON (`--json`) or rewrite the page's measured part."""
    with tempfile.TemporaryDirectory(prefix="pulumi-mlops-bench-") as folder:
        home = Path(folder)
        found: dict[str, Any] = local_stack.run(_made(home / "stack"))
        found["training"] = training_scale.run(_made(home / "training"))
        found["batch"] = batch_predict.run(_made(home / "batch"))
    if "--json" in arguments:
        print(json.dumps({"machine": machine(), **found}, indent=1))
        return
    memory = {**found["memory_mb"], "in all": sum(found["memory_mb"].values())}
    written = [
        BEGIN,
        f"{machine()}.",
        "",
        *table(("step", "seconds"), found["seconds"], ".1f"),
        *table(("service, at rest", "memory, MB (PSS)"), memory, ".0f"),
        *grid("recipe, profile", found["recipes"]),
        *grid("training, 100 trees", flat(found["training"])),
        *grid("batch prediction", found["batch"]),
        END,
    ]
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + "\n".join(written) + after)
    print(f"wrote {PAGE.relative_to(CHECKOUT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
