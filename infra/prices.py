"""The dated price table of one AWS region, and what is known of its instance types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("prices.json")
HOURS_A_MONTH = 730
"""A twelfth of a year, as AWS's own calculator has it."""


@dataclass(frozen=True)
class InstanceType:
    """What an instance type costs and holds."""

    usd_hour: float
    memory_mb: int


@dataclass(frozen=True)
class PriceTable:
    """List prices in USD, by what is charged; `as_of` is the day of the oldest of them."""

    region: str
    source: str
    as_of: str
    usd: Mapping[str, float]
    instances: Mapping[str, InstanceType]


def parse(document: Mapping[str, Any]) -> PriceTable:
    """Return the table that a document holds."""
    listed = document["prices"]
    days = [document["instances_as_of"], *(price["as_of"] for price in listed.values())]
    return PriceTable(
        region=document["region"],
        source=document["source"],
        as_of=min(days),
        usd={name: price["usd"] for name, price in listed.items()},
        instances={name: InstanceType(**known) for name, known in document["instances"].items()},
    )


@cache
def table() -> PriceTable:
    """Return the table of the repository, `prices.json`."""
    return parse(json.loads(TABLE.read_text()))
