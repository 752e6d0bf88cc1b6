"""What every EC2 type shares: tags, describing one thing by id."""

# one signature for all types: not each of them needs every argument

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from infra.local.provider import naming
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Props


def tagged(kind: str, tags: dict[str, str]) -> dict[str, Any]:
    """Return the argument that tags what a request makes."""
    listed = naming.tag_list(tags)
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": listed}]} if listed else {}


def arn(cloud: Cloud, owner: str, kind: str, resource_id: str) -> str:
    """Return the ARN of an EC2 resource."""
    return f"arn:aws:ec2:{cloud.settings.region}:{owner}:{kind}/{resource_id}"


def account(cloud: Cloud) -> str:
    """Return the account's id, for what EC2 tells no owner of."""
    return str(cloud.client("sts").get_caller_identity()["Account"])


def one(call: Callable[[], list[Props]]) -> Props | None:
    """Return the one thing that a request describes, or None where there is none."""
    try:
        found = call()
    except ClientError as error:
        # An id in a form that EC2 never gave is of nothing that exists.
        if is_gone(error) or "Malformed" in str(error):
            return None
        raise
    return found[0] if found else None


def retag(cloud: Cloud, resource_id: str, old: dict[str, str], new: dict[str, str]) -> None:
    """Let an EC2 resource carry exactly the tags `new`, where it carries `old`."""
    ec2 = cloud.client("ec2")
    if stale := [{"Key": key} for key in old if key not in new]:
        ec2.delete_tags(Resources=[resource_id], Tags=stale)
    if new:
        ec2.create_tags(Resources=[resource_id], Tags=naming.tag_list(new))


class Ec2Type(ResourceType):
    """An EC2 type with tags."""

    tagged = True

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        retag(cloud, resource_id, old.get("tagsAll", {}), tags)
