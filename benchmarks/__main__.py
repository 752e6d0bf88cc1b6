"""Runs the benchmarks and writes docs/benchmarks.md."""

import datetime as dt
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks import local_stack
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


def main(arguments: list[str]) -> None:
    """Run, then print JSON (`--json`) or rewrite the page's measured part."""
    with tempfile.TemporaryDirectory(prefix="pulumi-mlops-bench-") as folder:
        found = local_stack.run(Path(folder))
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
        END,
    ]
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + "\n".join(written) + after)
    print(f"wrote {PAGE.relative_to(CHECKOUT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
