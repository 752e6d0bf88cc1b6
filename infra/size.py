"""Whether an instance type holds the services: the sum of their memory limits, and its own."""

from collections.abc import Iterable, Mapping

from infra import prices
from infra.cloud_init import SWAP_BYTES
from infra.errors import UserError
from infra.prices import InstanceType
from infra.service import Service
from infra.services import services_of
from infra.settings import Settings

SYSTEM_MB = 400
"""Estimate for a Debian 13 host at rest: 150 for the system and the session agent, 130 for Docker,
12 for the shim of each container."""

NO_SWAP_ABOVE_MB = 4096
"""From cloud-init's `suggested_swapsize`: where its limit is less than half the memory it makes
none."""


def demand_mb(services: Iterable[Service]) -> int:
    """Return the memory that services may take at once, at their limits.

    Jobs, and what runs once, are taken to run one after the other: the largest of them counts.
    """
    listed = list(services)
    always = sum(service.memory_mb for service in listed if service.runs == "always")
    jobs = (s.job_mb if s.runs == "always" else s.memory_mb for s in listed)
    return always + max(jobs, default=0) + SYSTEM_MB


def holds_mb(kind: InstanceType) -> int:
    """Return memory and swap of a host of an instance type."""
    small = kind.memory_mb <= NO_SWAP_ABOVE_MB
    return kind.memory_mb + (SWAP_BYTES // 2**20 if small else 0)


def fitting(needed_mb: int, known: Mapping[str, InstanceType]) -> list[str]:
    """Return the instance types that hold so much, swap included, the cheapest first."""
    enough = [name for name, kind in known.items() if holds_mb(kind) >= needed_mb]
    return sorted(enough, key=lambda name: known[name].usd_hour)


def check(settings: Settings, services: Iterable[Service] | None = None) -> None:
    """Refuse an instance type that is too small; one that is not in the table passes.

    Raises
    ------
    UserError
        The services' limits are more than its memory and swap.
    """
    known = prices.table().instances
    chosen = known.get(settings.instance_type)
    needed_mb = demand_mb(services or services_of(settings.runtime))
    if chosen is None or holds_mb(chosen) >= needed_mb:
        return
    message = (
        f"instanceType: {settings.instance_type} is refused: it has {holds_mb(chosen)} MB, "
        f"{chosen.memory_mb} of it memory, and the services may take {needed_mb} MB; allowed are "
        f"{', '.join(fitting(needed_mb, known)[:6])} and larger ones"
    )
    raise UserError(message)
