"""Private ways to AWS APIs: what the host asks AWS does not leave the VPC."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

INTERFACES = (
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "ssm",
    "ssmmessages",
)
"""Services that get a network interface; S3 is a route instead, and free."""


@dataclass(frozen=True)
class EndpointsArgs:
    """Where the endpoints are, and who reaches them."""

    region: str
    vpc_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    route_table_ids: Sequence[pulumi.Input[str]]


class Endpoints(pulumi.ComponentResource):
    """One endpoint a service."""

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Endpoints", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=list(args.route_table_ids),
            tags={"Name": f"{name}-s3"},
            opts=inside,
        )
        for service in INTERFACES:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                # Each zone costs again, and the host is in one.
                subnet_ids=[args.subnet_id],
                security_group_ids=[args.security_group_id],
                private_dns_enabled=True,
                tags={"Name": f"{name}-{service}"},
                opts=inside,
            )
        self.register_outputs({})
