"""What may come in and go out: a pure rule table from the list of services, and its component."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.services import ports, services_of
from infra.settings import Settings


@dataclass(frozen=True)
class Rule:
    """One port that is open to, or towards, one IPv4 network."""

    name: str
    direction: Literal["in", "out"]
    protocol: Literal["tcp", "udp"]
    port: int
    cidr: str
    description: str


ANYWHERE = "0.0.0.0/0"


def rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the whole firewall of the host.

    In: the public services from the allowed network, and SSH where a key and a network are given.
    Out: HTTPS, HTTP (package mirrors) and the time service. DNS goes to the VPC's own resolver,
    which security groups do not see.
    """
    port = ports(settings)
    allowed = str(settings.allowed_cidr)
    public = tuple(
        Rule(service.name, "in", "tcp", port[service.name], allowed, service.name)
        for service in services_of(settings.runtime)
        if service.public
    )
    ssh = (
        (Rule("ssh", "in", "tcp", 22, str(settings.ssh_cidr), "shell of the operators"),)
        if settings.ssh_cidr
        else ()
    )
    out = (
        Rule("https", "out", "tcp", 443, ANYWHERE, "AWS APIs, registries, packages"),
        Rule("http", "out", "tcp", 80, ANYWHERE, "package mirrors"),
        Rule("ntp", "out", "udp", 123, ANYWHERE, "time"),
    )
    return (*public, *ssh, *out)


class Firewall(pulumi.ComponentResource):
    """The host's security group with one resource a rule."""

    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        table: tuple[Rule, ...],
        vpc_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Firewall", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-host",
            description="The host of the prediction service",
            vpc_id=vpc_id,
            tags={"Name": f"{name}-host"},
            opts=inside,
        )
        for rule in table:
            _declare(name, rule, group.id, inside)
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": group.id})


def _declare(
    name: str, rule: Rule, group_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Declare one rule; a single table serves both directions."""
    inwards, outwards = aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule
    (inwards if rule.direction == "in" else outwards)(
        f"{name}-{rule.direction}-{rule.name}",
        security_group_id=group_id,
        ip_protocol=rule.protocol,
        from_port=rule.port,
        to_port=rule.port,
        cidr_ipv4=rule.cidr,
        description=rule.description,
        opts=opts,
    )
