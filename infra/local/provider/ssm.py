"""SSM parameters; their values are secrets whatever their type."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import naming, validators
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Props


class Parameter(ResourceType):
    """A parameter; its id is its name."""

    type_name = "aws:ssm/parameter:Parameter"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=validators.parameter_name),
        "type": Property(
            required=True, check=validators.one_of("String", "StringList", "SecureString")
        ),
        "value": Property(required=True),
        "description": Property(),
        "keyId": Property(computed=True),
        "tier": Property(
            computed=True, check=validators.one_of("Standard", "Advanced", "Intelligent-Tiering")
        ),
        "dataType": Property(computed=True, replaces=True),
        "overwrite": Property(bool),
    }
    outputs = ("arn", "version")
    unique = ("name",)
    auto_name = AutoName("name", 512)
    tagged = True
    secrets = frozenset({"value"})
    volatile = ("version",)

    def faults(self, given: Props) -> Iterator[Fault]:
        """Refuse a value that the service would: none at all, or too much."""
        value = given["value"]
        limit = 8192 if given.get("tier") == "Advanced" else 4096
        # The value is a secret: its size is told, not itself.
        if isinstance(value, str) and not 1 <= len(value.encode()) <= limit:
            yield Fault("value", f"has {len(value.encode())} bytes: must have 1 to {limit}")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; one that is there already is left alone unless told otherwise."""
        tags = {} if given.get("overwrite") else {"Tags": naming.tag_list(given["tagsAll"])}
        cloud.client("ssm").put_parameter(
            Overwrite=given.get("overwrite", False), **tags, **_request(given)
        )
        return str(given["name"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Tag one that was overwritten: the service takes no tags along with that."""
        if given.get("overwrite"):
            self.tag(cloud, resource_id, {}, given["tagsAll"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read value, description and tags: three requests."""
        client = cloud.client("ssm")
        try:
            told = client.get_parameter(Name=resource_id, WithDecryption=True)["Parameter"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        named = [{"Key": "Name", "Option": "Equals", "Values": [resource_id]}]
        described = client.describe_parameters(ParameterFilters=named)["Parameters"]
        more = described[0] if described else {}
        tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=resource_id)
        return {
            "id": resource_id,
            "name": told["Name"],
            "type": told["Type"],
            "value": told["Value"],
            "description": more.get("Description", ""),
            "keyId": more.get("KeyId"),
            "tier": more.get("Tier", "Standard"),
            "dataType": told.get("DataType", "text"),
            "arn": told.get("ARN"),
            "version": told["Version"],
            "tagsAll": naming.tag_map(tags["TagList"]),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Put another version."""
        cloud.client("ssm").put_parameter(Overwrite=True, **_request(new))

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("ssm")
        which = {"ResourceType": "Parameter", "ResourceId": resource_id}
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.remove_tags_from_resource(TagKeys=stale, **which)
        if tags:
            client.add_tags_to_resource(Tags=naming.tag_list(tags), **which)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        cloud.client("ssm").delete_parameter(Name=resource_id)


def _request(given: Props) -> Props:
    # An update without a description would keep the old one.
    words = {"Name": "name", "Type": "type", "Value": "value", "KeyId": "keyId"}
    more = {"Tier": "tier", "DataType": "dataType"}
    asked = {word: given[name] for word, name in {**words, **more}.items() if name in given}
    return {**asked, "Description": given.get("description", "")}
