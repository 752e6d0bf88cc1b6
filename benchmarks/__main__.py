"""Runs the benchmarks and writes docs/benchmarks.md: all of them, or those that are named."""

import argparse
import datetime as dt
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks import page
from benchmarks.scratch import CHECKOUT
from benchmarks.serving import load
from infra.errors import UserError

PAGE = CHECKOUT / "docs" / "benchmarks.md"


# Each imports its libraries when it is its turn: loading them takes seconds, and memory that is
# measured in the next part.
def _stack(folder: Path, _quick: bool) -> Any:  # noqa: ANN401, FBT001
    from benchmarks import local_stack  # noqa: PLC0415

    return local_stack.run(folder)


def _training(folder: Path, _quick: bool) -> Any:  # noqa: ANN401, FBT001
    from benchmarks import training_scale  # noqa: PLC0415

    return training_scale.run(folder)


def _batch(folder: Path, _quick: bool) -> Any:  # noqa: ANN401, FBT001
    from benchmarks import batch_predict  # noqa: PLC0415

    return batch_predict.run(folder)


def _engines(_folder: Path, quick: bool) -> Any:  # noqa: ANN401, FBT001
    from benchmarks import engines  # noqa: PLC0415

    return engines.run(quick=quick)


def _serving(folder: Path, quick: bool) -> Any:  # noqa: ANN401, FBT001
    from benchmarks.serving import compare  # noqa: PLC0415

    return compare.run(folder, compare.QUICK if quick else compare.FULL)


def _monitoring(folder: Path, _quick: bool) -> Any:  # noqa: ANN401, FBT001
    from benchmarks import monitoring  # noqa: PLC0415

    return monitoring.run(folder)


def _drill(folder: Path, _quick: bool) -> Any:  # noqa: ANN401, FBT001
    from rich.console import Console  # noqa: PLC0415

    from benchmarks.drill import __main__ as drill  # noqa: PLC0415

    return drill.run(folder, Console(highlight=False), short=False)


@dataclass(frozen=True)
class Part:
    """A benchmark: what measures, in an empty folder, and what writes its figures as Markdown."""

    measure: Callable[[Path, bool], Any]
    write: Callable[[Any], list[str]]


PARTS = {
    "stack": Part(_stack, page.stack),
    "training": Part(_training, page.training),
    "batch": Part(_batch, page.batch),
    "engines": Part(_engines, page.engines),
    "serving": Part(_serving, page.serving),
    "monitoring": Part(_monitoring, page.monitoring),
    "drill": Part(_drill, page.drill),
}


def machine() -> str:
    """Describe the machine that the figures are from."""
    memory_gb = psutil.virtual_memory().total / 2**30
    return (
        f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"{memory_gb:.0f} GiB, {platform.platform(terse=True)}, "
        f"Python {platform.python_version()}"
    )


def main(arguments: list[str]) -> int:
    """Run, then print JSON (`--json`) or rewrite the measured parts of the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--json", action="store_true", help="print JSON, leave the page alone")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="engines and serving: one short round, to see that all works; leaves the page alone",
    )
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"{', '.join(unknown)}: no such part; there are {', '.join(PARTS)}")
    try:
        found = measure(chosen.parts or list(PARTS), quick=chosen.quick)
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if chosen.json:
        print(json.dumps({"machine": machine(), **found}, indent=1))
        return 0
    written = {name: PARTS[name].write(figures) for name, figures in found.items()}
    if chosen.quick:
        print("\n".join(line for lines in written.values() for line in lines))
        return 0
    text = PAGE.read_text()
    for name, lines in written.items():
        text = page.with_part(text, name, [f"{machine()}.", "", *lines])
    PAGE.write_text(text)
    print(f"wrote {PAGE.relative_to(CHECKOUT)}")
    return 0


def measure(parts: list[str], *, quick: bool) -> dict[str, Any]:
    """Return the figures of each part.

    Raises
    ------
    UserError
        Something that is needed can't be had.
    """
    if {"serving", "monitoring"} & set(parts):
        load.find_wrk()  # What is missing is told before minutes have passed.
    found = {}
    with tempfile.TemporaryDirectory(prefix="pulumi-mlops-bench-") as home:
        for name in parts:
            folder = Path(home) / name
            folder.mkdir()
            found[name] = PARTS[name].measure(folder, quick)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
