"""The load balancer: the one public door of a host that has no address of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.storage import BALANCER_LOGS

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3, and of 1.2 what Mozilla's intermediate profile allows: no suites in CBC mode.

Whoever can agrees on keys that a quantum computer will not find out later.
"""
HEALTH_PATH = "/healthz"
LONGEST_PREFIX = 24
"""A load balancer's name has 32 characters; Pulumi adds eight of its own."""


def short(name: str) -> str:
    """Return as much of a name as a load balancer's may hold."""
    return name[:LONGEST_PREFIX].rstrip("-")


@dataclass(frozen=True)
class BalancerArgs:
    """Where the load balancer is, what it forwards to, and where its logs go."""

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    certificate_arn: str
    log_bucket: pulumi.Input[str]
    instance_id: pulumi.Input[str]
    port: int
    protect: bool


class Balancer(pulumi.ComponentResource):
    """Load balancer, its two listeners, and the host as its only target."""

    address: pulumi.Output[str]

    def __init__(
        self, name: str, args: BalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Balancer", name, None, opts)
        balancer = aws.lb.LoadBalancer(
            short(name),
            load_balancer_type="application",
            internal=False,
            subnets=list(args.subnet_ids),
            security_groups=[args.security_group_id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            enable_deletion_protection=args.protect,
            access_logs={"bucket": args.log_bucket, "prefix": BALANCER_LOGS, "enabled": True},
            opts=pulumi.ResourceOptions(parent=self),
        )
        target = self._target(name, args)
        self._listeners(name, balancer.arn, target, args.certificate_arn)
        self.address = balancer.dns_name
        self.register_outputs({"address": balancer.dns_name})

    def _target(self, name: str, args: BalancerArgs) -> pulumi.Output[str]:
        """Declare the host as the target: its proxy speaks TLS itself."""
        inside = pulumi.ResourceOptions(parent=self)
        group = aws.lb.TargetGroup(
            short(name),
            vpc_id=args.vpc_id,
            target_type="instance",
            port=args.port,
            protocol="HTTPS",
            health_check={"protocol": "HTTPS", "path": HEALTH_PATH, "matcher": "200"},
            opts=inside,
        )
        aws.lb.TargetGroupAttachment(
            name,
            target_group_arn=group.arn,
            target_id=args.instance_id,
            port=args.port,
            opts=inside,
        )
        return pulumi.Output.from_input(group.arn)

    def _listeners(
        self,
        name: str,
        balancer: pulumi.Input[str],
        target: pulumi.Input[str],
        certificate_arn: str,
    ) -> None:
        """Declare HTTPS, and HTTP that only sends there."""
        inside = pulumi.ResourceOptions(parent=self)
        aws.lb.Listener(
            f"{name}-https",
            load_balancer_arn=balancer,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": target}],
            opts=inside,
        )
        redirect = {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}
        aws.lb.Listener(
            f"{name}-http",
            load_balancer_arn=balancer,
            port=80,
            protocol="HTTP",
            default_actions=[{"type": "redirect", "redirect": redirect}],
            opts=inside,
        )
