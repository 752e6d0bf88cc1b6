"""Rules of the network, beyond what the mutations prove."""

import pytest

from infra.policies import network
from infra.policies.declared import Declared, Stack
from infra.policies.openings import INGRESS


def entry(number, action, first, last, protocol="6", cidr="0.0.0.0/0"):
    ports = {"fromPort": first, "toPort": last, "protocol": protocol}
    return {"ruleNo": number, "action": action, "cidrBlock": cidr, **ports}


@pytest.mark.parametrize(
    ("entries", "port"),
    [
        ([entry(100, "allow", 1024, 65535)], 3389),
        ([entry(90, "deny", 3389, 3389), entry(100, "allow", 1024, 65535)], None),
        ([entry(110, "deny", 22, 22), entry(100, "allow", 22, 22)], 22),
        ([entry(100, "allow", 0, 0, protocol="-1", cidr="10.0.0.0/8")], None),
        ([entry(100, "allow", 1024, 65535, protocol="17")], None),
    ],
)
def test_the_entry_with_the_smallest_number_decides(entries, port):
    """A denial counts only before what it denies."""
    acl = Declared(network.ACL, "wall", {"ingress": entries}, "wall")
    found = [finding.what for finding in network.acls_deny_remote_shells(Stack([acl]))]
    assert found == ([] if port is None else [f"entry 100 lets port {port} in from 0.0.0.0/0"])


def test_entries_that_are_declared_apart_count():
    """`NetworkAclRule` is the same wall in other words."""
    acl = Declared(network.ACL, "wall", {}, "wall")
    props = {"ruleNumber": 5, "ruleAction": "allow", "protocol": "tcp", "cidrBlock": "0.0.0.0/0"}
    rule = Declared(
        network.ACL_RULE,
        "hole",
        {**props, "fromPort": 22, "toPort": 22},
        "hole",
        {"networkAclId": frozenset({"wall"})},
    )
    assert [f.resource for f in network.acls_deny_remote_shells(Stack([acl, rule]))] == [acl]


def test_ssh_from_a_named_network_is_allowed():
    """It is a setting of its own (`sshCidr`), never from the world."""
    props = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "203.0.113.7/32"}
    stack = Stack([Declared(INGRESS, "ssh", props)])
    assert not list(network.no_remote_shell_from_the_world(stack))
    assert not list(network.only_https_is_public(stack))
