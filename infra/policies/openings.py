"""Ports that security groups open, whichever of the declared forms says so."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.policies.declared import Declared, Stack

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
ALL_PROTOCOLS = ("-1", "all")

# A VPC's own addresses (RFC 1918) and loopback; `is_private` would take more for private.
INSIDE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"))
)


@dataclass(frozen=True)
class Opening:
    """Ports that one resource opens in one direction towards some networks."""

    resource: Declared
    inwards: bool
    protocol: object
    first: object
    last: object
    cidrs: tuple[str, ...]
    description: object

    @property
    def is_of_all_ports(self) -> bool:
        """Tell whether it opens whatever there is."""
        everything = str(self.protocol) in ALL_PROTOCOLS
        return everything or (self.first in {0, None} and self.last in {65535, None})

    @property
    def ports(self) -> str:
        """Return the ports as a message shows them."""
        if self.is_of_all_ports:
            return "all ports"
        return (
            f"port {self.first}" if self.first == self.last else f"ports {self.first}-{self.last}"
        )

    def holds(self, port: int) -> bool:
        """Tell whether a TCP port is open."""
        if str(self.protocol) not in {*ALL_PROTOCOLS, "tcp", "6"}:
            return False
        if self.is_of_all_ports:
            return True
        known = isinstance(self.first, int) and isinstance(self.last, int)
        return known and int(str(self.first)) <= port <= int(str(self.last))

    @property
    def is_to_the_world(self) -> bool:
        """Tell whether every address is meant."""
        return any(ipaddress.ip_network(cidr).prefixlen == 0 for cidr in self.cidrs)

    @property
    def is_to_one_address(self) -> bool:
        """Tell whether a single address is meant."""
        networks = [ipaddress.ip_network(cidr) for cidr in self.cidrs]
        return len(networks) == 1 and networks[0].num_addresses == 1

    @property
    def leaves_the_vpc(self) -> bool:
        """Tell whether addresses are meant that no VPC has."""
        return any(not _is_inside(cidr) for cidr in self.cidrs)


def _is_inside(cidr: str) -> bool:
    network = ipaddress.ip_network(cidr)
    return isinstance(network, ipaddress.IPv4Network) and any(
        network.subnet_of(inside) for inside in INSIDE if isinstance(inside, ipaddress.IPv4Network)
    )


def openings(stack: Stack) -> Iterator[Opening]:
    """Yield what all security groups of a stack open: own resources, old ones, inline blocks."""
    for resource in stack.of(INGRESS, EGRESS):
        cidrs = (resource.at("cidrIpv4"), resource.at("cidrIpv6"))
        props = {**resource.props, "protocol": resource.at("ipProtocol"), "cidrBlocks": cidrs}
        yield _opening(resource, resource.type == INGRESS, props)
    for resource in stack.of(OLD_RULE):
        yield _opening(resource, resource.at("type") == "ingress", resource.props)
    for resource in stack.of(GROUP):
        for direction in ("ingress", "egress"):
            for block in resource.items_at(direction):
                yield _opening(resource, direction == "ingress", block)


def _opening(resource: Declared, inwards: bool, props: Any) -> Opening:  # noqa: ANN401, FBT001
    given = [*(props.get("cidrBlocks") or ()), *(props.get("ipv6CidrBlocks") or ())]
    return Opening(
        resource,
        inwards,
        props.get("protocol"),
        props.get("fromPort"),
        props.get("toPort"),
        tuple(cidr for cidr in given if isinstance(cidr, str)),
        props.get("description"),
    )
