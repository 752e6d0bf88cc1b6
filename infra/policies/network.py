"""Rules of the network: security groups, network ACLs, subnets, flow logs and endpoints."""

from collections.abc import Iterator

from infra.policies.declared import (
    Declared,
    Finding,
    Stack,
    expect,
    expect_about,
    is_,
    is_given,
)
from infra.policies.openings import ALL_PROTOCOLS, GROUP, openings

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ACL = "aws:ec2/networkAcl:NetworkAcl"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
ACL_ASSOCIATION = "aws:ec2/networkAclAssociation:NetworkAclAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

REMOTE_SHELLS = (22, 3389)
PUBLIC_PORTS = (443, 80)
WORLD = "0.0.0.0/0"
ENDPOINTS = ("s3", "ssm", "ssmmessages", "ec2messages", "ecr.api", "ecr.dkr", "logs", "ec2")
ATTACHED_BY = (
    ("vpcSecurityGroupIds", "aws:ec2/instance:Instance"),
    ("securityGroups", "aws:lb/loadBalancer:LoadBalancer"),
    ("securityGroupIds", ENDPOINT),
)


def default_group_is_empty(stack: Stack) -> Iterator[Finding]:
    """Row 1: what is put into no security group on purpose reaches nothing."""
    for vpc in stack.of(VPC):
        yield from expect_about(
            stack, vpc, DEFAULT_GROUP, "vpcId", "declare it with ingress=[] and egress=[]"
        )
    for group in stack.of(DEFAULT_GROUP):
        for direction in ("ingress", "egress"):
            yield from expect(
                group, direction, lambda v: not v, f"set {direction}=[]: nothing may use this group"
            )


def flow_logs(stack: Stack) -> Iterator[Finding]:
    """Row 2: who talked to whom can be read afterwards."""
    for vpc in stack.of(VPC):
        yield from expect_about(stack, vpc, FLOW_LOG, "vpcId", "declare a FlowLog of this VPC")
    for log in stack.of(FLOW_LOG):
        yield from expect(log, "trafficType", is_("ALL"), "set traffic_type='ALL'")
        yield from expect(log, "logDestination", is_given, "name a log group or a bucket")


def no_remote_shell_from_the_world(stack: Stack) -> Iterator[Finding]:
    """Row 3: SSH and RDP never listen to every address."""
    for opening in openings(stack):
        open_shells = [port for port in REMOTE_SHELLS if opening.holds(port)]
        if opening.inwards and opening.is_to_the_world and open_shells:
            yield Finding(
                opening.resource,
                f"{opening.ports} is open to {', '.join(opening.cidrs)}",
                "use SSM Session Manager, or name your own network (sshCidr)",
            )


def only_https_is_public(stack: Stack) -> Iterator[Finding]:
    """Row 4: nothing but 443, and 80 for its redirect, is reached from outside the VPC.

    SSH from a named network is a setting of its own; `no_remote_shell_from_the_world` judges it.
    """
    for opening in openings(stack):
        allowed = (*PUBLIC_PORTS, REMOTE_SHELLS[0])
        is_allowed = opening.first == opening.last and opening.first in allowed
        if opening.inwards and opening.leaves_the_vpc and not is_allowed:
            yield Finding(
                opening.resource,
                f"{opening.ports} is open to {', '.join(opening.cidrs)}",
                "serve it behind the proxy on 443",
            )


def the_public_service_asks_who_calls(stack: Stack) -> Iterator[Finding]:
    """Row 32: who lets in more than one address serves nobody who has not said who they are."""
    for opening in openings(stack):
        is_public = opening.inwards and opening.leaves_the_vpc
        is_service = opening.first == opening.last == PUBLIC_PORTS[0]
        if is_public and is_service and not opening.is_to_one_address:
            yield from expect(
                opening.resource,
                "tags.auth",
                is_("required"),
                f"{', '.join(opening.cidrs)} may come in: set auth to required, or allowedCidr to "
                "one address",
            )


def groups_are_bounded(stack: Stack) -> Iterator[Finding]:
    """Row 5: ways out are listed, each opening says what it is for, no group lies about."""
    for opening in openings(stack):
        if not opening.inwards and opening.is_of_all_ports:
            yield Finding(opening.resource, "lets everything out", "name protocol and ports")
        if not is_given(opening.description):
            yield Finding(opening.resource, "has no description", "say what the opening is for")
    for group in stack.of(GROUP):
        if not any(stack.about(group, path, kind) for path, kind in ATTACHED_BY):
            yield Finding(group, "is attached to nothing", "attach or remove it")


def acls_deny_remote_shells(stack: Stack) -> Iterator[Finding]:
    """Row 6: a network ACL of ours guards each subnet and denies SSH and RDP from the world."""
    for subnet in stack.of(SUBNET):
        if not _acls_of(stack, subnet):
            yield Finding(
                subnet,
                "has the VPC's default network ACL, which allows everything",
                "associate a NetworkAcl that denies 22 and 3389",
            )
    for acl in stack.of(ACL):
        for port in REMOTE_SHELLS:
            entry = _first_match(_entries(stack, acl), port)
            if entry and entry["action"] != "deny":
                yield Finding(
                    acl,
                    f"entry {entry['number']} lets port {port} in from {WORLD}",
                    f"deny {port} in an entry with a smaller number",
                )


def _acls_of(stack: Stack, subnet: Declared) -> list[Declared]:
    return [
        *stack.about(subnet, "subnetIds", ACL),
        *stack.about(subnet, "subnetId", ACL_ASSOCIATION),
    ]


def _entries(stack: Stack, acl: Declared) -> list[dict[str, object]]:
    """Return the inbound entries of an ACL, its own and those declared apart."""
    inline = [
        {**entry, "number": entry["ruleNo"], "action": entry["action"]}
        for entry in acl.items_at("ingress")
    ]
    apart = [
        {**rule.props, "number": rule.at("ruleNumber"), "action": rule.at("ruleAction")}
        for rule in stack.about(acl, "networkAclId", ACL_RULE)
        if not rule.at("egress")
    ]
    return sorted([*inline, *apart], key=lambda entry: int(entry["number"]))


def _first_match(entries: list[dict[str, object]], port: int) -> dict[str, object] | None:
    """Return the entry that decides on a TCP connection from anywhere."""
    for entry in entries:
        protocol = str(entry.get("protocol"))
        first, last = int(str(entry.get("fromPort") or 0)), int(str(entry.get("toPort") or 0))
        holds = protocol in ALL_PROTOCOLS or (protocol in {"tcp", "6"} and first <= port <= last)
        if holds and entry.get("cidrBlock") == WORLD:
            return entry
    return None


def subnets_give_no_public_address(stack: Stack) -> Iterator[Finding]:
    """Row 7: a public address is given on purpose or not at all."""
    for subnet in stack.of(SUBNET):
        yield from expect(
            subnet, "mapPublicIpOnLaunch", lambda v: not v, "set map_public_ip_on_launch=False"
        )


def aws_is_reached_privately(stack: Stack) -> Iterator[Finding]:
    """Row 9: the host reaches the AWS APIs that it uses without the internet."""
    for vpc in stack.of(VPC):
        found = stack.about(vpc, "vpcId", ENDPOINT)
        names = [str(endpoint.at("serviceName")) for endpoint in found]
        missing = [s for s in ENDPOINTS if not any(n.endswith(f".{s}") for n in names)]
        if missing:
            yield Finding(
                vpc, f"no endpoint for {', '.join(missing)}", "declare a VpcEndpoint each"
            )
    for endpoint in stack.of(ENDPOINT):
        if endpoint.at("vpcEndpointType") == "Interface":
            yield from expect(
                endpoint,
                "privateDnsEnabled",
                is_(True),
                "set private_dns_enabled=True, or clients still go by the internet",
            )
