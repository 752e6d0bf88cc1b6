"""The VPC: public subnets in two zones with a way to the internet, and private ones behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.subnets import Plan

INTERNET = "0.0.0.0/0"


@dataclass(frozen=True)
class NetworkArgs:
    """What a network is made of; each zone takes one subnet of each kind from the plan.

    Private subnets, and the NAT gateway that is their way out, are declared where `private` says.
    """

    vpc_cidr: IPv4Network
    plan: Plan
    zones: Sequence[str]
    private: bool = False


class Network(pulumi.ComponentResource):
    """VPC, internet gateway, routes, and the subnets of each zone."""

    vpc_id: pulumi.Output[str]
    public_ids: list[pulumi.Output[str]]
    private_ids: list[pulumi.Output[str]]
    route_table_ids: list[pulumi.Output[str]]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Network", name, None, opts)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.vpc_cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vpc_id = vpc.id
        gateway = aws.ec2.InternetGateway(
            f"{name}-igw",
            vpc_id=vpc.id,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        outside = self._routes(f"{name}-public", gateway_id=gateway.id)
        self.public_ids = self._subnets(f"{name}-public", args.plan.public, args.zones, outside)
        self.private_ids, self.route_table_ids = [], [outside]
        if args.private:
            behind = self._routes(f"{name}-private", nat_gateway_id=self._nat(name, gateway))
            self.private_ids = self._subnets(
                f"{name}-private", args.plan.private, args.zones, behind
            )
            self.route_table_ids.append(behind)
        self.register_outputs({"vpc_id": vpc.id, "public_ids": self.public_ids})

    def _routes(self, name: str, **target: pulumi.Input[str]) -> pulumi.Output[str]:
        """Declare a route table that leads to the internet; who gets its id waits for the way."""
        inside = pulumi.ResourceOptions(parent=self)
        table = aws.ec2.RouteTable(name, vpc_id=self.vpc_id, tags={"Name": name}, opts=inside)
        route = aws.ec2.Route(
            f"{name}-internet",
            route_table_id=table.id,
            destination_cidr_block=INTERNET,
            **target,
            opts=inside,
        )
        return pulumi.Output.from_input(route.route_table_id)

    def _subnets(
        self,
        name: str,
        cidrs: Sequence[IPv4Network],
        zones: Sequence[str],
        routes: pulumi.Input[str],
    ) -> list[pulumi.Output[str]]:
        """Declare a subnet a zone; nothing in it gets a public address unless it is given one.

        Who gets a subnet's id waits for its routes: a host installs packages as soon as it boots.
        """
        inside = pulumi.ResourceOptions(parent=self)
        made = []
        for cidr, zone in zip(cidrs, zones, strict=True):
            subnet = aws.ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=self.vpc_id,
                cidr_block=str(cidr),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{zone}"},
                opts=inside,
            )
            routed = aws.ec2.RouteTableAssociation(
                f"{name}-{zone}", subnet_id=subnet.id, route_table_id=routes, opts=inside
            )
            made.append(pulumi.Output.from_input(routed.subnet_id))
        return made

    def _nat(self, name: str, gateway: aws.ec2.InternetGateway) -> pulumi.Output[str]:
        """Declare the private subnets' way out; one, since the host is in one zone anyway."""
        # AWS takes its address only in a VPC that has an internet gateway.
        inside = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        tags = {"Name": f"{name}-nat"}
        address = aws.ec2.Eip(f"{name}-nat", domain="vpc", tags=tags, opts=inside)
        nat = aws.ec2.NatGateway(
            f"{name}-nat",
            allocation_id=address.id,
            subnet_id=self.public_ids[0],
            tags=tags,
            opts=inside,
        )
        return pulumi.Output.from_input(nat.id)
