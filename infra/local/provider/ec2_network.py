"""VPC, subnets and internet gateway."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import Any, ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud, gone_is_fine
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.values import Props

# What goes, goes a moment later on AWS: its dependents may still seem to be there.
STILL_USED = ("DependencyViolation",)


class Vpc(ec2.Ec2Type):
    """A VPC with the two DNS switches."""

    type_name = "aws:ec2/vpc:Vpc"
    inputs: ClassVar[Inputs] = {
        "cidrBlock": Property(required=True, replaces=True, check=validators.vpc_network),
        "enableDnsHostnames": Property(bool, default=False),
        "enableDnsSupport": Property(bool, default=True),
        "instanceTenancy": Property(
            replaces=True, default="default", check=validators.one_of("default", "dedicated")
        ),
    }
    outputs = (
        "arn",
        "ownerId",
        "dhcpOptionsId",
        "mainRouteTableId",
        "defaultRouteTableId",
        "defaultSecurityGroupId",
        "defaultNetworkAclId",
    )

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; the switches are set afterwards."""
        made = cloud.client("ec2").create_vpc(
            CidrBlock=given["cidrBlock"],
            InstanceTenancy=given["instanceTenancy"],
            **ec2.tagged("vpc", given["tagsAll"]),
        )
        return str(made["Vpc"]["VpcId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Set the switches; AWS takes one a request."""
        client = cloud.client("ec2")
        cloud.insist(
            lambda: client.modify_vpc_attribute(
                VpcId=resource_id, EnableDnsSupport={"Value": given["enableDnsSupport"]}
            ),
            "InvalidVpcID.NotFound",
        )
        client.modify_vpc_attribute(
            VpcId=resource_id, EnableDnsHostnames={"Value": given["enableDnsHostnames"]}
        )

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set the switches again."""
        self.settle(cloud, resource_id, new)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the VPC and what AWS made along with it."""
        client = cloud.client("ec2")
        vpc = ec2.one(lambda: client.describe_vpcs(VpcIds=[resource_id])["Vpcs"])
        if vpc is None:
            return None

        def switch(name: str) -> bool:
            told = client.describe_vpc_attribute(VpcId=resource_id, Attribute=name)
            return bool(told[name[0].upper() + name[1:]]["Value"])

        owner = vpc.get("OwnerId") or ec2.account(cloud)
        return {
            "id": resource_id,
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc.get("InstanceTenancy", "default"),
            "enableDnsHostnames": switch("enableDnsHostnames"),
            "enableDnsSupport": switch("enableDnsSupport"),
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "vpc", resource_id),
            "tagsAll": tag_map(vpc.get("Tags")),
            **_made_along(client, resource_id),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it once nothing is in it."""
        client = cloud.client("ec2")
        cloud.insist(lambda: client.delete_vpc(VpcId=resource_id), *STILL_USED)


def _made_along(client: Any, vpc_id: str) -> Props:  # noqa: ANN401
    """Return the ids of what AWS makes with a VPC."""
    here = {"Name": "vpc-id", "Values": [vpc_id]}
    tables = client.describe_route_tables(
        Filters=[here, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    groups = client.describe_security_groups(
        Filters=[here, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    acls = client.describe_network_acls(Filters=[here, {"Name": "default", "Values": ["true"]}])
    table = tables[0]["RouteTableId"] if tables else None
    return {
        "mainRouteTableId": table,
        "defaultRouteTableId": table,
        "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
        "defaultNetworkAclId": next((a["NetworkAclId"] for a in acls["NetworkAcls"]), None),
    }


class Subnet(ec2.Ec2Type):
    """A subnet of one zone."""

    type_name = "aws:ec2/subnet:Subnet"
    inputs: ClassVar[Inputs] = {
        "vpcId": Property(required=True, replaces=True),
        "cidrBlock": Property(required=True, replaces=True, check=validators.vpc_network),
        "availabilityZone": Property(computed=True, replaces=True, check=validators.zone),
        "mapPublicIpOnLaunch": Property(bool, default=False),
    }
    outputs = ("arn", "ownerId", "availabilityZoneId")
    unique = ("vpcId", "cidrBlock")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; whether it gives public addresses is set afterwards."""
        zone = (
            {"AvailabilityZone": given["availabilityZone"]} if "availabilityZone" in given else {}
        )
        made = cloud.client("ec2").create_subnet(
            VpcId=given["vpcId"],
            CidrBlock=given["cidrBlock"],
            **zone,
            **ec2.tagged("subnet", given["tagsAll"]),
        )
        return str(made["Subnet"]["SubnetId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Set whether it gives public addresses."""
        cloud.insist(
            lambda: cloud.client("ec2").modify_subnet_attribute(
                SubnetId=resource_id, MapPublicIpOnLaunch={"Value": given["mapPublicIpOnLaunch"]}
            ),
            "InvalidSubnetID.NotFound",
        )

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set whether it gives public addresses."""
        self.settle(cloud, resource_id, new)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the subnet."""
        client = cloud.client("ec2")
        subnet = ec2.one(lambda: client.describe_subnets(SubnetIds=[resource_id])["Subnets"])
        if subnet is None:
            return None
        owner = subnet.get("OwnerId") or ec2.account(cloud)
        return {
            "id": resource_id,
            "vpcId": subnet["VpcId"],
            "cidrBlock": subnet["CidrBlock"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "subnet", resource_id),
            "tagsAll": tag_map(subnet.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it once nothing is in it."""
        client = cloud.client("ec2")
        cloud.insist(lambda: client.delete_subnet(SubnetId=resource_id), *STILL_USED)


class InternetGateway(ec2.Ec2Type):
    """A VPC's door to the internet."""

    type_name = "aws:ec2/internetGateway:InternetGateway"
    inputs: ClassVar[Inputs] = {"vpcId": Property()}
    outputs = ("arn", "ownerId")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; it is attached afterwards."""
        made = cloud.client("ec2").create_internet_gateway(
            **ec2.tagged("internet-gateway", given["tagsAll"])
        )
        return str(made["InternetGateway"]["InternetGatewayId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Attach it to its VPC."""
        if "vpcId" in given:
            cloud.insist(
                lambda: cloud.client("ec2").attach_internet_gateway(
                    InternetGatewayId=resource_id, VpcId=given["vpcId"]
                ),
                "InvalidInternetGatewayID.NotFound",
            )

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Move it to another VPC."""
        if old.get("vpcId") != new.get("vpcId"):
            self._detach(cloud, resource_id, old.get("vpcId"))
            self.settle(cloud, resource_id, new)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the gateway and the VPC that it is attached to."""
        client = cloud.client("ec2")
        gateway = ec2.one(
            lambda: client.describe_internet_gateways(InternetGatewayIds=[resource_id])[
                "InternetGateways"
            ]
        )
        if gateway is None:
            return None
        owner = gateway.get("OwnerId") or ec2.account(cloud)
        return {
            "id": resource_id,
            "vpcId": next((a["VpcId"] for a in gateway.get("Attachments", ())), ""),
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "internet-gateway", resource_id),
            "tagsAll": tag_map(gateway.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Detach and remove it."""
        now = self.read(cloud, resource_id, known)
        if now is None:
            return
        self._detach(cloud, resource_id, now["vpcId"])
        client = cloud.client("ec2")
        cloud.insist(
            lambda: client.delete_internet_gateway(InternetGatewayId=resource_id), *STILL_USED
        )

    def _detach(self, cloud: Cloud, resource_id: str, vpc_id: str | None) -> None:
        if not vpc_id:
            return
        client = cloud.client("ec2")
        with gone_is_fine():
            # Refused while an address of the VPC is still mapped.
            cloud.insist(
                lambda: client.detach_internet_gateway(InternetGatewayId=resource_id, VpcId=vpc_id),
                *STILL_USED,
            )
