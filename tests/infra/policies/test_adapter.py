"""The rules as the engine asks them."""

import json

import pytest
from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    Secret,
    StackValidationArgs,
)
from pulumi_policy.policy import _NotApplicableError
from pulumi_policy.proxy import unknown_checking_proxy

from infra.policies.adapter import declared, plain, policy, profile_of
from infra.policies.declared import UNKNOWN
from infra.policies.rules import RULES

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's own word for a text that is not known yet."""


def resource(kind, props, profile="dev", **refs):
    tags = json.dumps({"tags": {"profile": profile}})
    provider = PolicyProviderResource("pulumi:providers:aws", {"defaultTags": tags}, "urn:p", "aws")
    opts = PolicyResourceOptions(False, [], False, None, [], None, [])  # noqa: FBT003
    known = unknown_checking_proxy(props)
    return PolicyResource(kind, known, f"urn:{kind}", "it", opts, provider, None, [], refs)


def asked(name, *resources):
    """Return what the policy of that name reports about resources."""
    (rule,) = (rule for rule in RULES if rule.name == name)
    told = []
    args = StackValidationArgs(list(resources), None)
    policy(rule).validate(args, lambda message, urn=None: told.append((message, urn)))
    return told


def test_a_violation_is_reported_at_its_resource():
    """The engine shows message and resource together."""
    volume = resource("aws:ebs/volume:Volume", {"encrypted": False, "kmsKeyId": UNKNOWN_TEXT})
    assert asked("volumes-are-encrypted", volume) == [
        ("Volume it: encrypted is false; set encrypted=True", "urn:aws:ebs/volume:Volume")
    ]


def test_an_excepted_rule_says_why_it_is_not_asked():
    """The reason of the table reaches the engine."""
    instance = resource("aws:ec2/instance:Instance", {"associatePublicIpAddress": True})
    with pytest.raises(_NotApplicableError) as refusal:
        asked("instance-is-private", instance)
    assert "load balancer" in refusal.value.reason
    strict = resource("aws:ec2/instance:Instance", {"associatePublicIpAddress": True}, "hardened")
    assert len(asked("instance-is-private", strict)) == 1


def test_the_profile_is_the_strict_one_unless_tags_say_dev():
    """A stack that does not say what it is gets no exceptions."""
    assert profile_of([resource("aws:ec2/vpc:Vpc", {})]) == "dev"
    assert profile_of([resource("aws:ec2/vpc:Vpc", {}, "hardened")]) == "hardened"
    assert profile_of([]) == "hardened"


def test_values_come_out_plain():
    """No proxies, no secrets' wrappers, whole numbers whole, unknown ones marked."""
    given = unknown_checking_proxy(
        {"a": [{"b": UNKNOWN_TEXT}, 443.0], "s": Secret({"k": 1.5}), "t": "text"}
    )
    assert plain(given) == {"a": [{"b": UNKNOWN}, 443], "s": {"k": 1.5}, "t": "text"}


def test_references_are_taken_from_the_engine():
    """They are known in a preview, when ids are not."""
    vpc = resource("aws:ec2/vpc:Vpc", {})
    log = resource("aws:ec2/flowLog:FlowLog", {"vpcId": UNKNOWN_TEXT}, vpcId=[vpc])
    assert declared(log).refers("vpcId", declared(vpc))


def test_a_reference_to_an_association_means_its_ends_too():
    """A subnet's id may be taken from where its route is tied to it."""
    subnet = resource("aws:ec2/subnet:Subnet", {})
    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    tied = resource(kind, {"subnetId": UNKNOWN_TEXT}, subnetId=[subnet])
    wall = resource("aws:ec2/networkAcl:NetworkAcl", {"ingress": []}, subnetIds=[tied])

    assert declared(wall).refers("subnetIds", declared(subnet))
    assert asked("acls-deny-remote-shells", subnet, wall) == []
