"""Writes the page of parity out of the report: `python tests/docs/parity_page.py`."""

from pathlib import Path

from infra import parity, recording

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
HEAD = """\
# What stack `local` proves

Stack `local` runs the program that stack `dev` runs, on an embedded AWS. This page tells for each
type of resource what that shows, and what only AWS can show. `python -m infra.parity` prints it
(`--json` for scripts); its exit status is 1 when something is declared that is not covered.

- **Lifecycle** `full`: {lifecycle} Both emulators, MiniStack and moto, are asked in the tests.
- **Lifecycle** `{absent}`: stack `local` has no use for it.
- **Really runs**: what happens beyond that.
- **Can't show**: what stays unproven until `pulumi up --stack dev`, or is proven another way.
"""


def render():
    """Return the page."""
    recorded = {name: recording.record(values) for name, values in recording.PROFILES.items()}
    return "\n".join(
        [HEAD.format(lifecycle=parity.LIFECYCLE_MEANS, absent=parity.ABSENT), *_table(recorded), ""]
    )


def _table(recorded):
    yield f"| type | {' | '.join(recorded)} | lifecycle | really runs | can't show |"
    yield f"|---|{'---:|' * len(recorded)}---|---|---|"
    for row in parity.report(recorded):
        counted = " | ".join(map(str, row.declared.values()))
        name = parity.short(row.type)
        yield f"| {name} | {counted} | {row.lifecycle} | {row.runs} | {row.cannot} |"


if __name__ == "__main__":
    PAGE.write_text(render())
