"""The VPC: two public subnets in two zones, with a way to the internet."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class NetworkArgs:
    """What a network is made of; `subnets` and `zones` go in pairs."""

    vpc_cidr: IPv4Network
    subnets: Sequence[IPv4Network]
    zones: Sequence[str]


class Network(pulumi.ComponentResource):
    """VPC, internet gateway, routes and one public subnet a zone."""

    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Network", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.vpc_cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=inside,
        )
        routes = self._way_out(name, vpc.id).id
        self.subnet_ids = [
            self._subnet(f"{name}-public-{zone}", vpc.id, str(cidr), zone, routes).id
            for cidr, zone in zip(args.subnets, args.zones, strict=True)
        ]
        self.vpc_id = vpc.id
        self.register_outputs({"vpc_id": vpc.id, "subnet_ids": self.subnet_ids})

    def _way_out(self, name: str, vpc_id: pulumi.Input[str]) -> aws.ec2.RouteTable:
        """Declare the gateway and the table that leads to it."""
        inside = pulumi.ResourceOptions(parent=self)
        tags = {"Name": name}
        gateway = aws.ec2.InternetGateway(f"{name}-igw", vpc_id=vpc_id, tags=tags, opts=inside)
        table = aws.ec2.RouteTable(f"{name}-public", vpc_id=vpc_id, tags=tags, opts=inside)
        aws.ec2.Route(
            f"{name}-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=inside,
        )
        return table

    def _subnet(
        self,
        name: str,
        vpc_id: pulumi.Input[str],
        cidr: str,
        zone: str,
        routes: pulumi.Input[str],
    ) -> aws.ec2.Subnet:
        """Declare a subnet; nothing in it gets a public address unless it is given one."""
        inside = pulumi.ResourceOptions(parent=self)
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=vpc_id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags={"Name": name},
            opts=inside,
        )
        aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=routes, opts=inside)
        return subnet
