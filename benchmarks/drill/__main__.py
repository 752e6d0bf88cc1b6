"""Runs the drill on a stack of its own, and prints its timeline in seconds.

`make drill`; docs/drill.md says how to read it.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.drill import scenarios, timeline
from benchmarks.drill.drill import Drill
from benchmarks.drill.edge import Restless
from benchmarks.drill.timeline import Timeline
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
    UserError
        Something did not happen as it must.
    """
    told = Timeline(console)
    houses = _houses(console)
    source = "generated" if houses.dataset == "generated" else "published"
    plan = scenarios.plan(houses)
    if short:
        plan = replace(plan, normal=plan.normal[:2], expanded=plan.expanded[:1])
    told.mark("begun", f"the data: {houses.source}")
    world = World(folder, plan.first)
    try:
        edge = world.up()
        told.mark("up", f"the stack is up; {NAME} {world.champion().number} knows the coast only")
        with Restless(edge, told, plan.normal[0].rows) as client:
            drill = Drill(world, edge, plan, source, told, client)
            steps = [drill.normal, drill.expansion]
            for step in (
                steps if short else [*steps, drill.bad_challenger, drill.boom, drill.unit_bug]
            ):
                step()
        expect(not client.failures, f"requests failed: {client.failures[:3]}")
        told.mark("done", f"{client.sent} single requests meanwhile, none failed")
    except UserError as error:
        message = f"{error}\n{world.logs()}"
        raise DrillError(message) from error
    finally:
        world.down()
    events = [asdict(event) for event in told.events]
    return {"data": source, "events": events, "figures": drill.figures}


def _houses(console: Console) -> Housing:
    found = find_housing(lambda text: console.print(text, markup=False))
    return generate(scenarios.GENERATED_ROWS) if found.dataset == "generated" else found


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
        console.print(timeline.summary(found["figures"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
