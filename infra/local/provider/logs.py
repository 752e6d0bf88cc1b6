"""Groups of logs, and how long they are kept."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import ClassVar

from infra.local.provider import validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Plain, Props

FOR_EVER = 0
KEPT_DAYS = {
    *(FOR_EVER, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096),
    *(1827, 2192, 2557, 2922, 3288, 3653),
}
"""What PutRetentionPolicy takes."""


def _retention(value: Plain) -> str | None:
    choices = ", ".join(map(str, sorted(KEPT_DAYS)))
    return None if value in KEPT_DAYS else f"{value}: must be one of {choices}"


class LogGroup(ResourceType):
    """A group of logs; its id is its name."""

    type_name = "aws:cloudwatch/logGroup:LogGroup"
    inputs: ClassVar[Inputs] = {
        "name": Property(
            replaces=True,
            check=validators.matches(r"[\w./#-]{1,512}", "/app/flow-logs"),
        ),
        "retentionInDays": Property(int, default=FOR_EVER, check=_retention),
        "kmsKeyId": Property(check=validators.arn),
        "logGroupClass": Property(
            computed=True,
            replaces=True,
            check=validators.one_of("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
        ),
        "skipDestroy": Property(bool, default=False),
    }
    outputs = ("arn",)
    unique = ("name",)
    auto_name = AutoName("name", 512)
    tagged = True
    forgotten = frozenset({"kmsKeyId", "logGroupClass"})

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; how long it keeps logs is set afterwards."""
        words = {"kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass"}
        asked = {word: given[name] for word, name in words.items() if name in given}
        tags = {"tags": given["tagsAll"]} if given["tagsAll"] else {}
        cloud.client("logs").create_log_group(logGroupName=given["name"], **asked, **tags)
        return str(given["name"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Set how long it keeps logs."""
        client, days = cloud.client("logs"), given["retentionInDays"]
        if days == FOR_EVER:
            return
        cloud.insist(
            lambda: client.put_retention_policy(logGroupName=resource_id, retentionInDays=days),
            "ResourceNotFoundException",
        )

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Find it among those whose names begin like its own."""
        client = cloud.client("logs")
        pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=resource_id)
        for found in (group for page in pages for group in page["logGroups"]):
            if found["logGroupName"] == resource_id:
                arn = found["arn"].removesuffix(":*")
                return {
                    "id": resource_id,
                    "name": resource_id,
                    "retentionInDays": found.get("retentionInDays", FOR_EVER),
                    "kmsKeyId": found.get("kmsKeyId", ""),
                    "logGroupClass": found.get("logGroupClass", "STANDARD"),
                    "arn": arn,
                    "tagsAll": client.list_tags_for_resource(resourceArn=arn)["tags"],
                }
        return None

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set retention and key."""
        client, which = cloud.client("logs"), {"logGroupName": resource_id}
        if new["retentionInDays"] == FOR_EVER:
            client.delete_retention_policy(**which)
        else:
            self.settle(cloud, resource_id, new)
        if old.get("kmsKeyId") == new.get("kmsKeyId"):
            return
        if new.get("kmsKeyId"):
            client.associate_kms_key(**which, kmsKeyId=new["kmsKeyId"])
        else:
            client.disassociate_kms_key(**which)

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("logs")
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.untag_resource(resourceArn=old["arn"], tagKeys=stale)
        if tags:
            client.tag_resource(resourceArn=old["arn"], tags=tags)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it with its logs, unless they are to stay."""
        if not known.get("skipDestroy"):
            cloud.client("logs").delete_log_group(logGroupName=resource_id)
