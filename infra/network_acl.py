"""The subnets' own wall, without memory: a second line behind the security groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.firewall import ANYWHERE, Rule

RDP = 3389
ANSWERS = ((1024, RDP - 1), (RDP + 1, 65535))
"""Ports that answers come back to, without remote desktop's among them."""

ALL = "-1"
NUMBERS = {"tcp": "6", "udp": "17"}
"""Protocols by IANA's numbers: what EC2 stores, and answers when it is asked."""


@dataclass(frozen=True)
class Entry:
    """Lets a range of ports through, from or to one network."""

    protocol: str
    first: int
    last: int
    cidr: str

    def numbered(self, number: int) -> dict[str, Any]:
        """Return the entry as the resource takes it; entries are tried by their numbers."""
        return {
            "rule_no": number,
            "action": "allow",
            "protocol": self.protocol,
            "from_port": self.first,
            "to_port": self.last,
            "cidr_block": self.cidr,
        }


def inwards(table: Sequence[Rule], vpc_cidr: IPv4Network) -> tuple[Entry, ...]:
    """Return what may come into the subnets; all else is denied, 22 and 3389 from the world too.

    Parameters
    ----------
    table
        The firewall: what it opens to a network of its own must get through here first.
    vpc_cidr
        The VPC, whose subnets reach each other.
    """
    vpc = str(vpc_cidr)
    opened = (
        Entry(NUMBERS[rule.protocol], rule.port, rule.port, rule.peer)
        for rule in table
        if rule.direction == "in" and "/" in rule.peer and rule.peer != vpc
    )
    answers = (
        Entry(number, first, last, ANYWHERE)
        for number in NUMBERS.values()
        for first, last in ANSWERS
    )
    return (Entry(ALL, 0, 0, vpc), *opened, *answers)


OUTWARDS = (Entry(ALL, 0, 0, ANYWHERE),)
"""Security groups bound what goes out; answers go to whatever port was asked from."""


def numbered(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return entries as the resource takes them, with room between their numbers."""
    return [entry.numbered(100 + 10 * place) for place, entry in enumerate(entries)]


@dataclass(frozen=True)
class NetworkAclArgs:
    """What the wall stands around, and the firewall behind it."""

    vpc_id: pulumi.Input[str]
    vpc_cidr: IPv4Network
    subnet_ids: Sequence[pulumi.Input[str]]
    table: Sequence[Rule]


class NetworkAcl(pulumi.ComponentResource):
    """One network ACL around all subnets."""

    def __init__(
        self, name: str, args: NetworkAclArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:NetworkAcl", name, None, opts)
        acl = aws.ec2.NetworkAcl(
            name,
            vpc_id=args.vpc_id,
            subnet_ids=list(args.subnet_ids),
            ingress=numbered(inwards(args.table, args.vpc_cidr)),
            egress=numbered(OUTWARDS),
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"acl_id": acl.id})
