"""What stack `local` proves of each declared resource, and what it can't (`-m infra.parity`)."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from infra import recording
from infra.limits import LIMITS, UNKNOWN
from infra.local.provider.catalog import TYPES
from infra.local.provider.resource import ResourceType
from infra.recording import Declared

LIFECYCLE = "full"
LIFECYCLE_MEANS = (
    "the real engine makes, reads, changes, refreshes and removes it, and its inputs are judged as "
    "AWS would."
)


ABSENT = "not declared there"

OWN = (f"{recording.PROJECT}:", "pulumi:")
DYNAMIC = "pulumi-python:dynamic:Resource"
"""Python of this repository, which the engine runs alike on every stack."""


@dataclass(frozen=True)
class Row:
    """One declared type.

    `declared` counts it by profile, `lifecycle` is `full`, `not declared there` or what of it is
    not covered, `runs` is what really happens beside the lifecycle.
    """

    type: str
    declared: Mapping[str, int]
    lifecycle: str
    runs: str
    cannot: str


def report(
    declared: Mapping[str, Iterable[Declared]], covered: Mapping[str, ResourceType] = TYPES
) -> list[Row]:
    """Return one row a type of resource that the program declares, in alphabetical order.

    Parameters
    ----------
    declared
        What the program declares, by profile.
    covered
        The types of the embedded provider.

    Returns
    -------
    list of Row
        Components and the provider itself are no resources of their own.
    """
    counts = {profile: Counter(d.type for d in found) for profile, found in declared.items()}
    given: dict[str, set[str]] = {}
    for one in (one for found in declared.values() for one in found):
        given.setdefault(one.type, set()).update(one.inputs)
    return [
        _row(kind, {p: count[kind] for p, count in counts.items()}, inputs, covered.get(kind))
        for kind, inputs in sorted(given.items())
        if not kind.startswith(OWN)
    ]


def _row(
    kind: str, counted: Mapping[str, int], given: set[str], covering: ResourceType | None
) -> Row:
    limits = LIMITS.get(kind, UNKNOWN)
    if covering is None:
        known = LIFECYCLE if kind == DYNAMIC else ABSENT if limits.absent else ""
        lifecycle = known or "this type is not covered"
        return Row(kind, counted, lifecycle, limits.runs, limits.cannot)
    lost = ", ".join(sorted(covering.forgotten & given))
    told = [limits.cannot, f"an emulator may not keep {lost}" if lost else ""]
    unknown = ", ".join(sorted(given - covering.all_inputs.keys()))
    return Row(
        type=kind,
        declared=counted,
        lifecycle=f"not covered: {unknown}" if unknown else LIFECYCLE,
        runs=limits.runs,
        cannot="; ".join(filter(None, told)),
    )


def short(kind: str) -> str:
    """Return a type as people call it: `ec2.Vpc`."""
    package, module, name = kind.split(":")
    return f"{module.split('/')[0] if package == 'aws' else package}.{name}"


def _show(rows: Iterable[Row]) -> None:
    """Print the rows as a table for people."""
    table = Table("type", *recording.PROFILES, "lifecycle", "really runs", "can't show")
    for row in rows:
        colour = {LIFECYCLE: "green", ABSENT: "yellow"}.get(row.lifecycle, "red")
        counted = map(str, row.declared.values())
        lifecycle = f"[{colour}]{row.lifecycle}[/]"
        table.add_row(short(row.type), *counted, lifecycle, row.runs, row.cannot)
    table.caption = f"lifecycle {LIFECYCLE}: {LIFECYCLE_MEANS}"
    Console().print(table)


def main(arguments: list[str]) -> int:
    """Print the report; the exit status is 1 when something declared is not covered."""
    parser = argparse.ArgumentParser(prog="python -m infra.parity", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for scripts")
    chosen = parser.parse_args(arguments)
    rows = report({name: recording.record(values) for name, values in recording.PROFILES.items()})
    if chosen.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))  # noqa: T201
    else:
        _show(rows)
    return 0 if all(row.lifecycle in {LIFECYCLE, ABSENT} for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
