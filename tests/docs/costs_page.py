"""Writes the page of costs out of the price table: `python tests/docs/costs_page.py`."""

from pathlib import Path

from infra import costs, prices, recording, size
from infra.services import services_of
from infra.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"
HEAD = """\
# What a stack costs

`pulumi preview` and `pulumi up` begin with an estimate; the stack keeps it as the outputs
`monthly_usd` and `not_priced`. It is counted from what the program declares. With `maxMonthlyUsd`
a dearer stack is refused before anything is created or changed:

```
pulumi config set maxMonthlyUsd 30 --stack dev
```

- **Prices**: `infra/prices.json`: {source}; region {region}, in USD. Each bears
  its day; those of {as_of}, all instance types among them, come from a third party's copy or
  from memory and were compared with nothing. Nothing refreshes them: do so before a decision
  hangs on a cent.
- **A month** is 730 hours of everything declared, used by nobody.
- **Not priced** is what depends on use: named with its unit price, never guessed.
- **What has no price here**, such as another region or an instance type that the file does not
  know, stands first under "not priced". With `maxMonthlyUsd` such a stack is refused: nobody could
  tell whether it keeps the limit.
- **Stack `local`** runs on the embedded AWS and costs nothing: `monthly_usd` is 0.
"""


WHY = """\
Each service has a memory limit; [benchmarks](benchmarks.md) has what was measured at rest. All
limits together, with one job at a time and an estimate for the system, must fit memory and swap: a
smaller `instanceType` is refused."""


def render():
    """Return the page."""
    table = prices.table()
    parts = [HEAD.format(source=table.source, region=table.region, as_of=table.as_of)]
    for profile, values in recording.PROFILES.items():
        declared = [(found.type, found.inputs) for found in recording.record(values)]
        found = costs.estimate(declared, table)
        parts.append(_profile(profile, found))
    parts.append(_size())
    return "\n".join(parts)


def _size():
    chosen = prices.table().instances[Settings.instance_type]
    listed = services_of("compose")
    needed = size.demand_mb(listed)
    small = [
        name for name, kind in prices.table().instances.items() if size.holds_mb(kind) < needed
    ]
    lines = [
        "## Why the default is `" + Settings.instance_type + "`",
        "",
        WHY,
        "",
        "| service | limit, MB |",
        "|---|---:|",
        *(f"| {s.name}{' (once)' * (s.runs == 'once')} | {s.memory_mb} |" for s in listed),
        *(f"| a job of {s.name} (now and then) | {s.job_mb} |" for s in listed if s.job_mb),
        f"| system, Docker | {size.SYSTEM_MB} |",
        f"| **at most at once** | **{needed}** |",
        f"| {Settings.instance_type}: memory and swap | {size.holds_mb(chosen)} |",
        "",
        f"Too small: {', '.join(small)}.",
        "",
    ]
    return "\n".join(lines)


def _profile(profile, found):
    lines = [
        f"## Profile `{profile}`: {found.monthly_usd:.2f} USD a month",
        "",
        "| what | how many | USD | a month |",
        "|---|---:|---:|---:|",
        *(
            f"| {line.what} | {line.quantity:g} | {line.unit_usd:g} a {line.per} "
            f"| {line.monthly_usd:.2f} |"
            for line in found.lines
        ),
        "",
        "Not priced:",
        "",
        *(f"- {what}" for what in found.not_priced),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(render())
