"""Elastic IPs, and the instances that they belong to."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Props


class Eip(ec2.Ec2Type):
    """A fixed address."""

    type_name = "aws:ec2/eip:Eip"
    inputs: ClassVar[Inputs] = {
        "domain": Property(replaces=True, default="vpc", check=validators.one_of("vpc"))
    }
    outputs = (
        "allocationId",
        "arn",
        "associationId",
        "instance",
        "networkInterface",
        "privateIp",
        "publicDns",
        "publicIp",
    )

    def create(self, cloud: Cloud, given: Props) -> str:
        """Allocate it."""
        made = cloud.client("ec2").allocate_address(
            Domain=given["domain"], **ec2.tagged("elastic-ip", given["tagsAll"])
        )
        return str(made["AllocationId"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the address and what it is tied to."""
        client = cloud.client("ec2")
        found = ec2.one(lambda: client.describe_addresses(AllocationIds=[resource_id])["Addresses"])
        if found is None:
            return None
        region = cloud.settings.region
        dashed = found["PublicIp"].replace(".", "-")
        return {
            "id": resource_id,
            "domain": found.get("Domain", "vpc"),
            "allocationId": resource_id,
            "associationId": found.get("AssociationId", ""),
            "instance": found.get("InstanceId", ""),
            "networkInterface": found.get("NetworkInterfaceId", ""),
            "privateIp": found.get("PrivateIpAddress", ""),
            "publicIp": found["PublicIp"],
            "publicDns": f"ec2-{dashed}.{region}.compute.amazonaws.com",
            "arn": ec2.arn(cloud, ec2.account(cloud), "elastic-ip", resource_id),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Release it once nothing uses it."""
        client = cloud.client("ec2")
        cloud.insist(
            lambda: client.release_address(AllocationId=resource_id), "InvalidIPAddress.InUse"
        )


class EipAssociation(ResourceType):
    """An address of an instance."""

    type_name = "aws:ec2/eipAssociation:EipAssociation"
    inputs: ClassVar[Inputs] = {
        "allocationId": Property(required=True, replaces=True),
        "instanceId": Property(required=True, replaces=True),
        "allowReassociation": Property(bool, default=True, replaces=True),
    }
    outputs = ("networkInterfaceId", "privateIpAddress", "publicIp")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Tie the address to the instance, which must have started."""
        client = cloud.client("ec2")
        made = cloud.insist(
            lambda: client.associate_address(
                AllocationId=given["allocationId"],
                InstanceId=given["instanceId"],
                AllowReassociation=given["allowReassociation"],
            ),
            "InvalidInstanceID",
            "IncorrectInstanceState",
        )
        return str(made["AssociationId"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Find the address that is tied by this association."""
        mine = [{"Name": "association-id", "Values": [resource_id]}]
        addresses = cloud.client("ec2").describe_addresses(Filters=mine)["Addresses"]
        for found in addresses:
            if found.get("AssociationId") == resource_id:
                return {
                    "id": resource_id,
                    "allocationId": found["AllocationId"],
                    "instanceId": found.get("InstanceId", ""),
                    "networkInterfaceId": found.get("NetworkInterfaceId", ""),
                    "privateIpAddress": found.get("PrivateIpAddress", ""),
                    "publicIp": found["PublicIp"],
                }
        return None

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Untie it."""
        cloud.client("ec2").disassociate_address(AssociationId=resource_id)
