"""Keys of one's own, and the names that they go by."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Callable
from typing import ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import validators
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Plain, Props

ENDING = {"PendingDeletion", "PendingReplicaDeletion"}
LONGEST_WINDOW_DAYS = 30


def _found(call: Callable[[], Props]) -> Props | None:
    try:
        return call()
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def same_key(old: Plain, new: Plain) -> bool:
    """Tell whether two ids or ARNs are of the same key."""
    return str(old).rpartition("/")[2] == str(new).rpartition("/")[2]


def tag_map(tags: list[Props]) -> dict[str, str]:
    """Return KMS's list of tags, which has words of its own, as a map."""
    return {t["TagKey"]: t["TagValue"] for t in tags if not t["TagKey"].startswith("aws:")}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags as KMS takes them."""
    return [{"TagKey": key, "TagValue": value} for key, value in sorted(tags.items())]


class Key(ResourceType):
    """A key; its id is the key's id."""

    type_name = "aws:kms/key:Key"
    inputs: ClassVar[Inputs] = {
        "description": Property(computed=True),
        "policy": Property(computed=True, check=validators.policy, same=validators.same_json),
        "enableKeyRotation": Property(bool, default=False),
        "rotationPeriodInDays": Property(int, computed=True, check=validators.within(90, 2560)),
        "isEnabled": Property(bool, default=True),
        "deletionWindowInDays": Property(int, check=validators.within(7, LONGEST_WINDOW_DAYS)),
        "keyUsage": Property(
            replaces=True,
            default="ENCRYPT_DECRYPT",
            check=validators.one_of("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"),
        ),
        "customerMasterKeySpec": Property(replaces=True, default="SYMMETRIC_DEFAULT"),
        "multiRegion": Property(bool, computed=True, replaces=True),
    }
    outputs = ("arn", "keyId")
    tagged = True
    forgotten = frozenset({"rotationPeriodInDays"})

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it, with its policy: it never has another one."""
        words = {"Description": "description", "Policy": "policy", "MultiRegion": "multiRegion"}
        asked = {word: given[name] for word, name in words.items() if name in given}
        made = cloud.client("kms").create_key(
            KeyUsage=given["keyUsage"],
            KeySpec=given["customerMasterKeySpec"],
            Tags=tag_list(given["tagsAll"]),
            **asked,
        )
        return str(made["KeyMetadata"]["KeyId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Set its rotation, and disable it where that is asked for."""
        if given["enableKeyRotation"]:
            cloud.insist(lambda: self._rotate(cloud, resource_id, given), "NotFoundException")
        if not given["isEnabled"]:
            cloud.client("kms").disable_key(KeyId=resource_id)

    def _rotate(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        client = cloud.client("kms")
        if not given["enableKeyRotation"]:
            client.disable_key_rotation(KeyId=resource_id)
            return
        period = given.get("rotationPeriodInDays")
        more = {"RotationPeriodInDays": period} if period else {}
        client.enable_key_rotation(KeyId=resource_id, **more)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read key, policy, rotation and tags: four requests; one that is ending is gone."""
        client = cloud.client("kms")
        told = _found(lambda: client.describe_key(KeyId=resource_id))
        if told is None or told["KeyMetadata"]["KeyState"] in ENDING:
            return None
        key, which = told["KeyMetadata"], {"KeyId": resource_id}
        rotation = client.get_key_rotation_status(**which)
        return {
            "id": key["KeyId"],
            "keyId": key["KeyId"],
            "arn": key["Arn"],
            "description": key.get("Description", ""),
            "policy": client.get_key_policy(**which, PolicyName="default")["Policy"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "isEnabled": key["Enabled"],
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": key["KeySpec"],
            "multiRegion": key.get("MultiRegion", False),
            "tagsAll": tag_map(client.list_resource_tags(**which)["Tags"]),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set description, policy, rotation and whether it is enabled."""
        client, which = cloud.client("kms"), {"KeyId": resource_id}
        # A disabled key takes no other change.
        if new["isEnabled"]:
            client.enable_key(**which)
        if "description" in new:
            client.update_key_description(**which, Description=new["description"])
        if "policy" in new:
            client.put_key_policy(**which, PolicyName="default", Policy=new["policy"])
        if old.get("enableKeyRotation") or new["enableKeyRotation"]:
            self._rotate(cloud, resource_id, new)
        if not new["isEnabled"]:
            client.disable_key(**which)

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("kms")
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.untag_resource(KeyId=resource_id, TagKeys=stale)
        if tags:
            client.tag_resource(KeyId=resource_id, Tags=tag_list(tags))

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Let it end after its window: KMS removes no key at once."""
        if self.read(cloud, resource_id, known) is not None:
            cloud.client("kms").schedule_key_deletion(
                KeyId=resource_id,
                PendingWindowInDays=known.get("deletionWindowInDays", LONGEST_WINDOW_DAYS),
            )


class Alias(ResourceType):
    """A key's name; its id is the name."""

    type_name = "aws:kms/alias:Alias"
    inputs: ClassVar[Inputs] = {
        "name": Property(
            required=True,
            replaces=True,
            check=validators.matches(r"alias/(?!aws/)[\w/-]{1,250}", "alias/app (not alias/aws/…)"),
        ),
        "targetKeyId": Property(required=True, same=same_key),
    }
    outputs = ("arn", "targetKeyArn")
    unique = ("name",)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it once its key can be seen."""
        client = cloud.client("kms")
        cloud.insist(
            lambda: client.create_alias(AliasName=given["name"], TargetKeyId=given["targetKeyId"]),
            "NotFoundException",
        )
        return str(given["name"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Find it in the list of all: KMS tells no single alias."""
        pages = cloud.client("kms").get_paginator("list_aliases").paginate()
        for found in (alias for page in pages for alias in page["Aliases"]):
            if found["AliasName"] == resource_id and found.get("TargetKeyId"):
                path = found["AliasArn"].rpartition(":")[0]
                return {
                    "id": resource_id,
                    "name": resource_id,
                    "targetKeyId": found["TargetKeyId"],
                    "arn": found["AliasArn"],
                    "targetKeyArn": f"{path}:key/{found['TargetKeyId']}",
                }
        return None

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Let it name another key."""
        cloud.client("kms").update_alias(AliasName=resource_id, TargetKeyId=new["targetKeyId"])

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        cloud.client("kms").delete_alias(AliasName=resource_id)
