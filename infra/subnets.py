"""Plans a VPC's address space: arithmetic only."""

from dataclasses import dataclass
from ipaddress import IPv4Network


@dataclass(frozen=True)
class Plan:
    """One public and one private subnet a zone, in the order of the zones."""

    public: tuple[IPv4Network, ...]
    private: tuple[IPv4Network, ...]


def plan(vpc_cidr: IPv4Network, zones: int) -> Plan:
    """Cut a VPC into subnets of one size: its lower half is public, its upper half private.

    Parameters
    ----------
    vpc_cidr
        The VPC's network.
    zones
        How many availability zones take one subnet of each kind.

    Returns
    -------
    Plan
        `zones` networks of each kind; what no zone takes stays free.
    """
    lower, upper = vpc_cidr.subnets(prefixlen_diff=1)
    return Plan(_cut(lower, zones), _cut(upper, zones))


def _cut(half: IPv4Network, zones: int) -> tuple[IPv4Network, ...]:
    """Return the first of the equal parts that a half has when each zone shall get one."""
    bits = (zones - 1).bit_length()
    return tuple(half.subnets(prefixlen_diff=bits))[:zones]
