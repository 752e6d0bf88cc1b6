"""Route tables, their routes, and which table a subnet uses."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.ec2_network import STILL_USED
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Props


class RouteTable(ec2.Ec2Type):
    """A route table; its routes are resources of their own."""

    type_name = "aws:ec2/routeTable:RouteTable"
    inputs: ClassVar[Inputs] = {"vpcId": Property(required=True, replaces=True)}
    outputs = ("arn", "ownerId")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        made = cloud.client("ec2").create_route_table(
            VpcId=given["vpcId"], **ec2.tagged("route-table", given["tagsAll"])
        )
        return str(made["RouteTable"]["RouteTableId"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the table without its routes."""
        table = find_table(cloud, resource_id)
        if table is None:
            return None
        owner = table.get("OwnerId") or ec2.account(cloud)
        return {
            "id": resource_id,
            "vpcId": table["VpcId"],
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "route-table", resource_id),
            "tagsAll": tag_map(table.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it once no subnet uses it."""
        client = cloud.client("ec2")
        cloud.insist(lambda: client.delete_route_table(RouteTableId=resource_id), *STILL_USED)


def find_table(cloud: Cloud, table_id: str) -> Props | None:
    """Return a route table as EC2 describes it, or None."""
    client = cloud.client("ec2")
    return ec2.one(lambda: client.describe_route_tables(RouteTableIds=[table_id])["RouteTables"])


TARGETS = {"gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}
"""Where a route may lead, with EC2's words for it."""


class Route(ResourceType):
    """One route to a gateway; its id is `<route table>_<destination>`, as for an import."""

    type_name = "aws:ec2/route:Route"
    inputs: ClassVar[Inputs] = {
        "routeTableId": Property(required=True, replaces=True),
        "destinationCidrBlock": Property(
            required=True, replaces=True, check=validators.any_network
        ),
        **{name: Property() for name in TARGETS},
    }
    outputs = ("origin", "state")
    unique = ("routeTableId", "destinationCidrBlock")

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge the one target."""
        if len(TARGETS.keys() & given.keys()) != 1:
            yield Fault("gatewayId", f"give exactly one of {', '.join(TARGETS)}")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it once its table can be seen."""
        client = cloud.client("ec2")
        cloud.insist(
            lambda: client.create_route(
                RouteTableId=given["routeTableId"],
                DestinationCidrBlock=given["destinationCidrBlock"],
                **_target(given),
            ),
            "InvalidRouteTableID.NotFound",
        )
        return f"{given['routeTableId']}_{given['destinationCidrBlock']}"

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Find the route in its table."""
        table_id, _, destination = resource_id.partition("_")
        table = find_table(cloud, table_id)
        for route in (table or {}).get("Routes", ()):
            if route.get("DestinationCidrBlock") == destination:
                return {
                    "id": resource_id,
                    "routeTableId": table_id,
                    "destinationCidrBlock": destination,
                    **{name: route.get(word, "") for name, word in TARGETS.items()},
                    "origin": route.get("Origin", "CreateRoute"),
                    "state": route.get("State", "active"),
                }
        return None

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Let it lead to another gateway."""
        cloud.client("ec2").replace_route(
            RouteTableId=new["routeTableId"],
            DestinationCidrBlock=new["destinationCidrBlock"],
            **_target(new),
        )

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        table_id, _, destination = resource_id.partition("_")
        if self.read(cloud, resource_id, known) is not None:
            cloud.client("ec2").delete_route(
                RouteTableId=table_id, DestinationCidrBlock=destination
            )


def _target(given: Props) -> dict[str, str]:
    return {word: given[name] for name, word in TARGETS.items() if name in given}


class RouteTableAssociation(ResourceType):
    """Which table a subnet uses; it is imported as `<subnet>/<route table>`."""

    type_name = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    inputs: ClassVar[Inputs] = {
        "subnetId": Property(required=True, replaces=True),
        # EC2 gives an association that is moved a new id, which is another resource to the engine.
        "routeTableId": Property(required=True, replaces=True),
    }
    unique = ("subnetId",)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it once both can be seen."""
        client = cloud.client("ec2")
        made = cloud.insist(
            lambda: client.associate_route_table(
                SubnetId=given["subnetId"], RouteTableId=given["routeTableId"]
            ),
            "InvalidRouteTableID.NotFound",
            "InvalidSubnetID.NotFound",
        )
        return str(made["AssociationId"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Find it by its own id, or by its subnet."""
        subnet, _, table_id = resource_id.partition("/")
        wanted = (
            {"Name": "association.subnet-id", "Values": [subnet]}
            if table_id
            else {"Name": "association.route-table-association-id", "Values": [resource_id]}
        )
        tables = cloud.client("ec2").describe_route_tables(Filters=[wanted])["RouteTables"]
        for found in (a for table in tables for a in table["Associations"]):
            if resource_id in {found["RouteTableAssociationId"], _by_subnet(found)}:
                return {
                    "id": found["RouteTableAssociationId"],
                    "subnetId": found["SubnetId"],
                    "routeTableId": found["RouteTableId"],
                }
        return None

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Let the subnet use the VPC's main table again."""
        cloud.client("ec2").disassociate_route_table(AssociationId=resource_id)


def _by_subnet(association: Props) -> str:
    return f"{association.get('SubnetId')}/{association['RouteTableId']}"
