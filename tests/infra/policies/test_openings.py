"""Ports that security groups open."""

import pytest

from infra.policies.declared import UNKNOWN, Declared, Stack
from infra.policies.openings import GROUP, INGRESS, OLD_RULE, openings

SSH = {"fromPort": 22, "toPort": 22}


@pytest.mark.parametrize(
    "resource",
    [
        Declared(INGRESS, "n", {**SSH, "ipProtocol": "tcp", "cidrIpv4": "0.0.0.0/0"}),
        Declared(INGRESS, "n", {**SSH, "ipProtocol": "tcp", "cidrIpv6": "::/0"}),
        Declared(INGRESS, "n", {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}),
        Declared(
            OLD_RULE,
            "n",
            {**SSH, "type": "ingress", "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]},
        ),
        Declared(GROUP, "n", {"ingress": [{**SSH, "protocol": "tcp", "ipv6CidrBlocks": ["::/0"]}]}),
    ],
)
def test_a_port_is_seen_open_in_every_form(resource):
    """No way of declaring it hides it."""
    (opening,) = openings(Stack([resource]))
    assert opening.inwards
    assert opening.holds(22)
    assert opening.is_to_the_world
    assert opening.leaves_the_vpc


@pytest.mark.parametrize(
    ("cidr", "leaves"),
    [
        ("10.20.0.0/16", False),
        ("127.0.0.1/32", False),
        ("203.0.113.7/32", True),
        ("10.0.0.0/7", True),
        ("fd00::/8", True),
    ],
)
def test_own_addresses_are_those_of_a_vpc_and_loopback(cidr, leaves):
    """Everything else comes from outside, whatever Python calls private."""
    (opening,) = openings(Stack([Declared(INGRESS, "n", {**SSH, "cidrIpv4": cidr})]))
    assert opening.leaves_the_vpc is leaves


def test_another_group_is_no_network():
    """A rule that admits a group, or a network not known yet, has no addresses to judge."""
    (opening,) = openings(Stack([Declared(INGRESS, "n", {**SSH, "cidrIpv4": UNKNOWN})]))
    assert opening.cidrs == ()
    assert not opening.leaves_the_vpc


def test_ports_are_shown_as_people_write_them():
    """One, a range, or all."""
    ranges = [SSH, {"fromPort": 1, "toPort": 9}, {"ipProtocol": "-1"}]
    resources = [Declared(INGRESS, "n", {"ipProtocol": "tcp", **ports}) for ports in ranges]
    shown = [opening.ports for opening in openings(Stack(resources))]
    assert shown == ["port 22", "ports 1-9", "all ports"]
