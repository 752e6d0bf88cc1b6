"""What a bucket tells others: its accesses to another bucket, its events to EventBridge."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Mapping
from typing import Any, ClassVar

from infra.local.provider import validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.s3_settings import OF_BUCKET, BucketSetting
from infra.local.provider.values import Props


class Report(BucketSetting):
    """A setting that S3 unsets by an empty one."""

    argument: ClassVar[str]

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Put an empty one."""
        put = getattr(cloud.client("s3"), f"put_{self.call}")
        put(Bucket=resource_id, **{self.argument: {}})


class BucketLogging(Report):
    """Where a bucket logs who accessed it."""

    type_name = "aws:s3/bucketLogging:BucketLogging"
    call = "bucket_logging"
    argument = "BucketLoggingStatus"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "targetBucket": Property(required=True, check=validators.bucket_name),
        "targetPrefix": Property(required=True),
    }

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        where = {"TargetBucket": given["targetBucket"], "TargetPrefix": given["targetPrefix"]}
        return {self.argument: {"LoggingEnabled": where}}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return where the log goes."""
        held = answer.get("LoggingEnabled")
        if not held:
            return None
        return {
            "targetBucket": held["TargetBucket"],
            "targetPrefix": held.get("TargetPrefix", ""),
        }


class BucketNotification(Report):
    """That a bucket sends its events to EventBridge; other receivers are not covered."""

    type_name = "aws:s3/bucketNotification:BucketNotification"
    call = "bucket_notification_configuration"
    argument = "NotificationConfiguration"
    inputs: ClassVar[Inputs] = {
        "bucket": OF_BUCKET,
        "eventbridge": Property(bool, default=False),
    }
    forgotten = frozenset({"eventbridge"})

    def asked(self, given: Props) -> dict[str, Any]:
        """Return the arguments of the put operation."""
        return {self.argument: {"EventBridgeConfiguration": {}} if given["eventbridge"] else {}}

    def told(self, answer: Mapping[str, Any]) -> Props | None:
        """Return whether events are sent; every bucket has this setting, an empty one at least."""
        return {"eventbridge": "EventBridgeConfiguration" in answer}
