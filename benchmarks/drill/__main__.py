"""Runs the drill on a stack of its own, and prints its timeline in seconds.

`make drill`; docs/drill.md says how to read it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from benchmarks.drill import scenarios
from benchmarks.drill.drill import Drill
from benchmarks.drill.edge import Restless
from benchmarks.drill.timeline import Timeline, summary
from benchmarks.drill.world import NAME, DrillError, World, expect
from infra.errors import UserError
from training.data import Housing
from training.generate import generate
from training.sources import find_housing


def run(folder: Path, console: Console, *, short: bool) -> dict[str, Any]:
    """Drill in an empty folder, and return the timeline and the figures.

    Parameters
    ----------
    short
        The expansion only.

    Raises
    ------
    DrillError
        Something did not happen as it must.
    """
    with standing(folder, console, short=short) as drill:
        steps = [drill.normal, drill.expansion]
        for step in steps if short else [*steps, drill.bad_challenger, drill.boom, drill.unit_bug]:
            step()
        client = drill.client
    expect(not client.failures, f"requests failed: {client.failures[:3]}")
    drill.timeline.mark("done", f"{client.sent} single requests meanwhile, none failed")
    events = [asdict(event) for event in drill.timeline.events]
    return {"data": drill.source, "events": events, "figures": drill.figures}


@contextmanager
def standing(folder: Path, console: Console, *, short: bool) -> Iterator[Drill]:
    """Bring a drill's stack up in an empty folder, with its first model; end it afterwards.

    Raises
    ------
    DrillError
        Something did not happen as it must; the ends of the logs are in it.
    """
    timeline, houses = Timeline(console), _houses(console)
    plan = scenarios.plan(houses)
    if short:
        plan = replace(plan, normal=plan.normal[:2], expanded=plan.expanded[:1])
    timeline.mark("begun", f"the data: {houses.source}")
    world = World(folder, plan.first)
    try:
        edge = world.up()
        told = f"the stack is up: {NAME} {world.champion().number} has seen the coast only"
        timeline.mark("up", told)
        with Restless(edge, timeline, plan.normal[0].rows) as client:
            yield Drill(world, edge, plan, _source(houses), timeline, client)
    except UserError as error:
        message = f"{error}\n{world.logs()}"
        raise DrillError(message) from error
    finally:
        world.down()


def _houses(console: Console) -> Housing:
    found = find_housing(lambda text: console.print(text, markup=False))
    return generate(scenarios.GENERATED_ROWS) if found.dataset == "generated" else found


def _source(houses: Housing) -> Literal["published", "generated"]:
    return "generated" if houses.dataset == "generated" else "published"


def main(arguments: list[str]) -> int:
    """Parse, drill, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drill", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the expansion only")
    parser.add_argument("--json", action="store_true", help="print the timeline as JSON at the end")
    chosen = parser.parse_args(arguments)
    console = Console(highlight=False, stderr=chosen.json)
    with tempfile.TemporaryDirectory(prefix="pulumi-mlops-drill-") as folder:
        try:
            found = run(Path(folder), console, short=chosen.short)
        except UserError as error:
            console.print(f"error: {error}", style="red", markup=False)
            return 1
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        console.print(summary(found["figures"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
