"""Private ways out of a VPC: endpoints of AWS services, NAT gateways."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import Any, ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud, Refused, gone_is_fine
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.values import Props

GATEWAY, INTERFACE = "Gateway", "Interface"
ENDED = {"deleting", "deleted", "failed", "rejected", "expired"}

MEMBERS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}
"""The lists that an endpoint is tied to; EC2 changes them by what to add and to remove."""


class VpcEndpoint(ec2.Ec2Type):
    """A way to one AWS service that does not lead over the internet."""

    type_name = "aws:ec2/vpcEndpoint:VpcEndpoint"
    inputs: ClassVar[Inputs] = {
        "vpcId": Property(required=True, replaces=True),
        "serviceName": Property(
            required=True,
            replaces=True,
            check=validators.matches(r"(com|aws)\.[\w.-]+", "com.amazonaws.eu-west-3.s3"),
        ),
        "vpcEndpointType": Property(
            replaces=True, default=GATEWAY, check=validators.one_of(GATEWAY, INTERFACE)
        ),
        **{name: Property(list, computed=True, same=validators.same_members) for name in MEMBERS},
        "privateDnsEnabled": Property(bool, computed=True),
        "policy": Property(computed=True, check=validators.policy, same=validators.same_json),
    }
    outputs = (
        "arn",
        "cidrBlocks",
        "dnsEntries",
        "networkInterfaceIds",
        "ownerId",
        "prefixListId",
        "requesterManaged",
        "state",
    )
    forgotten = frozenset({*MEMBERS, "policy", "privateDnsEnabled"})

    def faults(self, given: Props) -> Iterator[Fault]:
        """Refuse what the other kind of endpoint has."""
        foreign = {
            GATEWAY: ("subnetIds", "securityGroupIds", "privateDnsEnabled"),
            INTERFACE: ("routeTableIds",),
        }
        kind = given["vpcEndpointType"]
        for name in foreign.get(kind, ()):
            if given.get(name):
                yield Fault(name, f"an endpoint of vpcEndpointType {kind} has none")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        words = {**MEMBERS, "privateDnsEnabled": "PrivateDnsEnabled", "policy": "PolicyDocument"}
        asked = {word: given[name] for name, word in words.items() if name in given}
        made = cloud.client("ec2").create_vpc_endpoint(
            VpcId=given["vpcId"],
            ServiceName=given["serviceName"],
            VpcEndpointType=given["vpcEndpointType"],
            **asked,
            **ec2.tagged("vpc-endpoint", given["tagsAll"]),
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Wait until it can be used."""

        def ready() -> bool:
            state = (_endpoint(cloud, resource_id) or {}).get("State", "pending").lower()
            if state in ENDED:
                message = f"{resource_id} is {state}"
                raise Refused(message)
            return bool(state == "available")

        cloud.wait(f"{resource_id} to be available", ready)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read it, with the prefix list of its service where it is a gateway."""
        found = _endpoint(cloud, resource_id)
        if found is None or found["State"].lower() in ENDED:
            return None
        owner = found.get("OwnerId") or ec2.account(cloud)
        told = {name: found[word] for name, word in MEMBERS.items() if found.get(word) is not None}
        if "Groups" in found:
            told["securityGroupIds"] = [group["GroupId"] for group in found["Groups"]]
        return {
            "id": resource_id,
            "vpcId": found["VpcId"],
            "serviceName": found["ServiceName"],
            "vpcEndpointType": found["VpcEndpointType"],
            **told,
            "privateDnsEnabled": found.get("PrivateDnsEnabled", False),
            "policy": found.get("PolicyDocument"),
            **_prefixes(cloud, found),
            "dnsEntries": [
                {"dnsName": e.get("DnsName", ""), "hostedZoneId": e.get("HostedZoneId", "")}
                for e in found.get("DnsEntries", ())
            ],
            "networkInterfaceIds": found.get("NetworkInterfaceIds", []),
            "requesterManaged": found.get("RequesterManaged", False),
            "state": found["State"].lower(),
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "vpc-endpoint", resource_id),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Tie it to other members; set policy and name service."""
        asked: dict[str, Any] = {}
        for name, word in MEMBERS.items():
            before: list[str] = old.get(name, [])
            held, wanted = set(before), set(new.get(name, before))
            asked[f"Add{word}"] = sorted(wanted - held)
            asked[f"Remove{word}"] = sorted(held - wanted)
        if "policy" in new and new["policy"] != old.get("policy"):
            asked["PolicyDocument"] = new["policy"]
        if "privateDnsEnabled" in new and new["privateDnsEnabled"] != old.get("privateDnsEnabled"):
            asked["PrivateDnsEnabled"] = new["privateDnsEnabled"]
        asked = {word: value for word, value in asked.items() if value != []}
        cloud.client("ec2").modify_vpc_endpoint(VpcEndpointId=resource_id, **asked)
        self.settle(cloud, resource_id, new)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it; its interfaces have left the subnets when this returns."""
        cloud.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[resource_id])

        def ended() -> bool:
            found = _endpoint(cloud, resource_id)
            return found is None or found["State"].lower() == "deleted"

        cloud.wait(f"{resource_id} to be deleted", ended)


def _endpoint(cloud: Cloud, endpoint_id: str) -> Props | None:
    client = cloud.client("ec2")
    return ec2.one(
        lambda: client.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    )


def _prefixes(cloud: Cloud, found: Props) -> Props:
    """Return the prefix list that routes and rules know a gateway's service by."""
    if found["VpcEndpointType"] != GATEWAY:
        return {"prefixListId": "", "cidrBlocks": []}
    named = [{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
    lists = cloud.client("ec2").describe_prefix_lists(Filters=named)["PrefixLists"]
    held: Props = next((p for p in lists if p["PrefixListName"] == found["ServiceName"]), {})
    return {"prefixListId": held.get("PrefixListId", ""), "cidrBlocks": held.get("Cidrs", [])}


class NatGateway(ec2.Ec2Type):
    """The way to the internet of subnets that nobody on it can reach."""

    type_name = "aws:ec2/natGateway:NatGateway"
    inputs: ClassVar[Inputs] = {
        "subnetId": Property(required=True, replaces=True),
        "connectivityType": Property(
            replaces=True, default="public", check=validators.one_of("public", "private")
        ),
        "allocationId": Property(replaces=True),
        "privateIp": Property(computed=True, replaces=True),
    }
    outputs = ("associationId", "networkInterfaceId", "publicIp")
    forgotten = frozenset({"allocationId"})

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge its address, which only a public one has."""
        if given["connectivityType"] == "public" and "allocationId" not in given:
            yield Fault("allocationId", "is required for connectivityType public")
        if given["connectivityType"] == "private" and "allocationId" in given:
            yield Fault("allocationId", "must not be given: connectivityType is private")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        words = {"AllocationId": "allocationId", "PrivateIpAddress": "privateIp"}
        asked = {word: given[name] for word, name in words.items() if name in given}
        client = cloud.client("ec2")
        made = cloud.insist(
            lambda: client.create_nat_gateway(
                SubnetId=given["subnetId"],
                ConnectivityType=given["connectivityType"],
                **asked,
                **ec2.tagged("natgateway", given["tagsAll"]),
            ),
            "InvalidSubnetID.NotFound",
            "InvalidAllocationID.NotFound",
        )
        return str(made["NatGateway"]["NatGatewayId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Wait until it can be used."""

        def ready() -> bool:
            found = _nat(cloud, resource_id) or {}
            if found.get("State") in ENDED:
                message = f"{resource_id} {found['State']}: {found.get('FailureMessage')}"
                raise Refused(message)
            return found.get("State") == "available"

        cloud.wait(f"{resource_id} to be available", ready)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read it with its address."""
        found = _nat(cloud, resource_id)
        if found is None or found["State"] in ENDED:
            return None
        address = (found.get("NatGatewayAddresses") or [{}])[0]
        return {
            "id": resource_id,
            "subnetId": found["SubnetId"],
            "connectivityType": found.get("ConnectivityType", "public"),
            "allocationId": address.get("AllocationId", ""),
            "privateIp": address.get("PrivateIp", ""),
            "publicIp": address.get("PublicIp", ""),
            "associationId": address.get("AssociationId", ""),
            "networkInterfaceId": address.get("NetworkInterfaceId", ""),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it; its address is free when this returns."""
        with gone_is_fine():
            cloud.client("ec2").delete_nat_gateway(NatGatewayId=resource_id)
        cloud.wait(
            f"{resource_id} to be deleted",
            lambda: (_nat(cloud, resource_id) or {}).get("State", "deleted") == "deleted",
        )


def _nat(cloud: Cloud, nat_id: str) -> Props | None:
    client = cloud.client("ec2")
    return ec2.one(lambda: client.describe_nat_gateways(NatGatewayIds=[nat_id])["NatGateways"])
