"""What may come in and go out: a pure rule table from the list of services, and its component."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.services import ports, services_of
from infra.settings import Auth, Settings

Group = Literal["host", "balancer", "endpoints"]

GROUPS: dict[Group, str] = {
    "host": "The host of the prediction service",
    "balancer": "The load balancer in front of the host",
    "endpoints": "Private ways to AWS APIs",
}


@dataclass(frozen=True)
class Rule:
    """One port of a security group, open to or towards one IPv4 network or another group."""

    group: Group
    name: str
    direction: Literal["in", "out"]
    protocol: Literal["tcp", "udp"]
    port: int
    peer: str
    """A network, or the name of a group."""
    description: str
    auth: Auth | None = None
    """Who comes in this way may do so without saying who they are, or not; None: no person does."""


ANYWHERE = "0.0.0.0/0"


def edge(settings: Settings) -> tuple[str, int]:
    """Return the name and the port of the one service that is public."""
    (name,) = (s.name for s in services_of(settings.runtime) if s.public)
    return name, ports(settings)[name]


def rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the whole firewall: every group's rules; a group without rules does not exist.

    Only the allowed network comes in: in profile `dev` to the host itself, in `hardened` to the
    load balancer, which alone reaches the host. SSH is open where a key and a network are given,
    HTTP where a certificate authority must reach the host of a domain.
    """
    return (
        *(_behind_balancer(settings) if settings.profile == "hardened" else _direct(settings)),
        *_out_of_host(settings),
    )


def _direct(settings: Settings) -> tuple[Rule, ...]:
    """Return what comes in to a host with an address of its own."""
    allowed, (name, port) = str(settings.allowed_cidr), edge(settings)
    operators = str(settings.ssh_cidr)
    challenge = "certificate challenges, from addresses that nobody announces; all else redirected"
    public = Rule("host", name, "in", "tcp", port, allowed, "the public service", settings.auth)
    wanted = (
        (True, public),
        (settings.acme, Rule("host", "acme", "in", "tcp", 80, ANYWHERE, challenge)),
        (settings.ssh_cidr, Rule("host", "ssh", "in", "tcp", 22, operators, "shell of operators")),
    )
    return tuple(rule for wish, rule in wanted if wish)


def _behind_balancer(settings: Settings) -> tuple[Rule, ...]:
    """Return the way from the allowed network over the load balancer, and that to AWS APIs."""
    allowed, vpc = str(settings.allowed_cidr), str(settings.vpc_cidr)
    name, port = edge(settings)
    public = Rule(
        "balancer", "https", "in", "tcp", 443, allowed, "the public service", settings.auth
    )
    return (
        public,
        Rule("balancer", "http", "in", "tcp", 80, allowed, "is redirected to HTTPS"),
        Rule("balancer", name, "out", "tcp", port, "host", "requests and health checks"),
        Rule("host", name, "in", "tcp", port, "balancer", "requests and health checks"),
        Rule("endpoints", "https", "in", "tcp", 443, vpc, "AWS APIs, from within the VPC"),
    )


def _out_of_host(settings: Settings) -> tuple[Rule, ...]:
    """Return where the host goes: DNS is the VPC's own, which security groups do not see."""
    return (
        Rule("host", "https", "out", "tcp", 443, ANYWHERE, "AWS APIs, registries, packages"),
        Rule("host", "http", "out", "tcp", 80, ANYWHERE, "package mirrors"),
        Rule("host", "ntp", "out", "udp", 123, ANYWHERE, "time"),
        *_mail(settings),
    )


def _mail(settings: Settings) -> tuple[Rule, ...]:
    """Return the way to the server that takes alerts as e-mail, where there is one."""
    mail = settings.channels.mail
    if mail is None:
        return ()
    return (Rule("host", "smtp", "out", "tcp", mail.port, ANYWHERE, "alerts by e-mail"),)


class Firewall(pulumi.ComponentResource):
    """One security group for each that the table names, one resource a rule, an empty default."""

    group_ids: dict[Group, pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        table: tuple[Rule, ...],
        vpc_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Firewall", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        # What is put into the VPC without a group of its own reaches nothing.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=vpc_id,
            ingress=[],
            egress=[],
            tags={"Name": f"{name}-default"},
            opts=inside,
        )
        self.group_ids = {
            group: self._group(f"{name}-{group}", description, vpc_id)
            for group, description in GROUPS.items()
            if any(rule.group == group for rule in table)
        }
        for rule in table:
            self._rule(name, rule)
        self.register_outputs({"group_ids": self.group_ids})

    def _group(self, name: str, description: str, vpc_id: pulumi.Input[str]) -> pulumi.Output[str]:
        """Declare a group; nothing gets through it that no rule lets through."""
        group: aws.ec2.SecurityGroup = aws.ec2.SecurityGroup(
            name,
            description=description,
            vpc_id=vpc_id,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.from_input(group.id)

    def _rule(self, name: str, rule: Rule) -> None:
        """Declare one rule; a single table serves both directions."""
        inwards, outwards = aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule
        peers = {
            group: group_id for group, group_id in self.group_ids.items() if group == rule.peer
        }
        (inwards if rule.direction == "in" else outwards)(
            f"{name}-{rule.group}-{rule.direction}-{rule.name}",
            security_group_id=self.group_ids[rule.group],
            ip_protocol=rule.protocol,
            from_port=rule.port,
            to_port=rule.port,
            cidr_ipv4=None if peers else rule.peer,
            referenced_security_group_id=next(iter(peers.values()), None),
            description=rule.description,
            # What the policies see of the API's settings, which travel in the bundle.
            tags={"auth": rule.auth} if rule.auth else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
