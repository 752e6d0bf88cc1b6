"""The artifact bucket, and the bucket that keeps the logs of who has used it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.bucket import BucketArgs, PrivateBucket, Statement

BUCKET_LOGS = "bucket/"
BALANCER_LOGS = "balancer"
"""Prefixes in the log bucket; the load balancer puts the slash itself."""

LOGS_KEPT_DAYS = 365


def log_delivery(log_bucket_arn: str, source_arn: str, account: str) -> list[Statement]:
    """Return who may write logs: S3 about one bucket, load balancers about this account's.

    Parameters
    ----------
    log_bucket_arn
        Where the logs go.
    source_arn
        The bucket whose accesses are logged.
    account
        The account that both are in.
    """
    return [
        {
            "Sid": "BucketLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{log_bucket_arn}/{BUCKET_LOGS}*",
            "Condition": {
                "ArnLike": {"aws:SourceArn": source_arn},
                "StringEquals": {"aws:SourceAccount": account},
            },
        },
        {
            # The account in the path is the load balancer's: nobody else's can write here.
            "Sid": "BalancerLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{log_bucket_arn}/{BALANCER_LOGS}/AWSLogs/{account}/*",
        },
    ]


@dataclass(frozen=True)
class StorageArgs:
    """Whose buckets they are, the artifacts' key, and whether they outlive the stack."""

    account: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    protect: bool


class Storage(pulumi.ComponentResource):
    """The bucket of model artifacts and host bundles, and its logs' bucket."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    log_bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Storage", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        artifacts = PrivateBucket(
            f"{name}-artifacts",
            BucketArgs(key_arn=args.key_arn, protect=args.protect, destroyable=not args.protect),
            inside,
        )
        logs = PrivateBucket(
            f"{name}-logs",
            # Neither S3 nor load balancers deliver into a bucket that has a key of its own.
            BucketArgs(
                kept_days=LOGS_KEPT_DAYS,
                destroyable=not args.protect,
                granted_to=[artifacts.arn, args.account],
                grants=log_delivery,
            ),
            inside,
        )
        aws.s3.BucketLogging(
            f"{name}-artifacts",
            bucket=artifacts.bucket,
            target_bucket=logs.bucket,
            target_prefix=BUCKET_LOGS,
            opts=inside,
        )
        self.bucket, self.arn, self.log_bucket = artifacts.bucket, artifacts.arn, logs.bucket
        self.register_outputs({"bucket": self.bucket, "log_bucket": self.log_bucket})
