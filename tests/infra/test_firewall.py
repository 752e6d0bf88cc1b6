"""Who reaches what: the firewall's table and the wall around the subnets."""

import re
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from infra import network_acl
from infra.firewall import ANYWHERE, GROUPS, Rule, edge, rules

WORLD_SHUT = {22, 3389}


@pytest.fixture
def hardened(dev):
    return replace(dev, profile="hardened", certificate_arn="arn:aws:acm:eu-west-3:1:certificate/c")


def inwards(table, group):
    return {
        (rule.port, rule.peer) for rule in table if (rule.group, rule.direction) == (group, "in")
    }


def test_a_public_host_admits_the_allowed_network_to_the_edge(dev):
    """Nothing else comes in, and no group exists that nothing is in."""
    table = rules(dev)
    assert inwards(table, "host") == {(edge(dev)[1], "203.0.113.7/32")}
    assert {rule.group for rule in table} == {"host"}


def test_ssh_is_open_to_its_own_network(dev):
    """The operators' network, not the users'."""
    table = rules(replace(dev, ssh_cidr=IPv4Network("198.51.100.0/28")))
    assert (22, "198.51.100.0/28") in inwards(table, "host")
    assert (22, "203.0.113.7/32") not in inwards(table, "host")


def test_a_domain_opens_http_for_the_certificate_authority(dev, hardened):
    """Its challenges come from anywhere; behind a load balancer there are none."""
    assert (80, ANYWHERE) in inwards(rules(replace(dev, domain="ml.example.com")), "host")
    table = rules(replace(hardened, domain="ml.example.com"))
    assert not any(rule.peer == ANYWHERE for rule in table if rule.direction == "in")


def test_descriptions_have_characters_that_ec2_takes(dev):
    """EC2 refuses others when the stack is half made."""
    with_all = replace(dev, domain="ml.example.com", ssh_cidr=IPv4Network("198.51.100.0/28"))
    allowed = re.compile(r"[\w .:/()#,@\[\]+=&;{}!$*-]{1,255}", re.ASCII)
    for table in (rules(with_all), rules(replace(dev, profile="hardened"))):
        assert all(allowed.fullmatch(rule.description) for rule in table)
    assert all(allowed.fullmatch(description) for description in GROUPS.values())


def test_a_hardened_host_admits_the_load_balancer_only(hardened):
    """From the allowed network to the load balancer, from there to the host, by groups."""
    table = rules(hardened)
    assert inwards(table, "host") == {(edge(hardened)[1], "balancer")}
    assert inwards(table, "balancer") == {(443, "203.0.113.7/32"), (80, "203.0.113.7/32")}
    out = {(r.port, r.peer) for r in table if (r.group, r.direction) == ("balancer", "out")}
    assert out == {(edge(hardened)[1], "host")}


def test_endpoints_answer_the_vpc_and_ask_nothing(hardened):
    """An endpoint is no way out."""
    own = [rule for rule in rules(hardened) if rule.group == "endpoints"]
    assert [(r.direction, r.port, r.peer) for r in own] == [("in", 443, "10.20.0.0/16")]


@pytest.mark.parametrize("profile", ["dev", "hardened"])
def test_every_rule_is_described_and_names_what_there_is(dev, profile):
    """A rule's peer is a network or a group of the table; none has the same name twice."""
    table = rules(replace(dev, profile=profile))
    groups = {rule.group for rule in table}
    assert groups <= set(GROUPS)
    assert all(rule.description for rule in table)
    assert all(rule.peer in groups or IPv4Network(rule.peer) for rule in table)
    names = [(rule.group, rule.direction, rule.name) for rule in table]
    assert len(set(names)) == len(names)


def through(entries, port, source):
    """Tell whether a TCP packet to a port would get through, as EC2 decides it."""
    return any(
        IPv4Network(source).subnet_of(IPv4Network(entry.cidr))
        and (
            entry.protocol == network_acl.ALL
            or (entry.protocol == "6" and entry.first <= port <= entry.last)
        )
        for entry in entries
    )


@pytest.mark.parametrize("port", sorted(WORLD_SHUT))
def test_the_subnets_shut_out_remote_shells_from_the_world(dev, port):
    """Even if a security group were opened by hand."""
    entries = network_acl.inwards(rules(dev), dev.vpc_cidr)
    assert not through(entries, port, "192.0.2.1/32")
    assert not any(
        entry.cidr == ANYWHERE and (entry.protocol == "-1" or entry.first <= port <= entry.last)
        for entry in entries
    )


def test_the_subnets_let_in_what_the_firewall_opens(dev, hardened):
    """The edge from the allowed network, SSH from the operators', answers from anywhere."""
    ssh = replace(dev, ssh_cidr=IPv4Network("198.51.100.0/28"))
    entries = network_acl.inwards(rules(ssh), ssh.vpc_cidr)
    assert through(entries, edge(dev)[1], "203.0.113.7/32")
    assert through(entries, 22, "198.51.100.3/32")
    assert not through(entries, 22, "203.0.113.7/32")
    assert through(entries, 40000, "192.0.2.1/32")
    entries = network_acl.inwards(rules(hardened), hardened.vpc_cidr)
    assert through(entries, 443, "203.0.113.7/32")
    assert not through(entries, 443, "192.0.2.1/32")


def test_subnets_reach_each_other(hardened):
    """The load balancer's health checks and the endpoints cross subnets."""
    entries = network_acl.inwards(rules(hardened), hardened.vpc_cidr)
    assert through(entries, 443, "10.20.128.9/32")


def test_entries_have_numbers_of_their_own(dev):
    """EC2 refuses a number that is given twice."""
    open_to_two = (*rules(dev), Rule("host", "x", "in", "udp", 53, "192.0.2.0/24", "x"))
    entries = network_acl.inwards(open_to_two, dev.vpc_cidr)
    numbers = [entry["rule_no"] for entry in network_acl.numbered(entries)]
    assert len(set(numbers)) == len(entries) == len(set(entries))
