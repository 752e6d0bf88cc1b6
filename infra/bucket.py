"""A bucket that is private, versioned, encrypted, TLS only and tidies up after itself."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

ABANDONED_UPLOAD_DAYS = 7
REPLACED_VERSION_DAYS = 30

Statement = Mapping[str, Any]


def tls_only(bucket_arn: str) -> Statement:
    """Return the statement that denies every request that is not encrypted in transit."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def bucket_policy(bucket_arn: str, *more: Statement) -> str:
    """Return a bucket's policy: TLS only, and further statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": [tls_only(bucket_arn), *more]})


def lifecycle(kept_days: int | None) -> list[dict[str, Any]]:
    """Return the rules by which objects go.

    Parameters
    ----------
    kept_days
        How long an object stays; None keeps it until it is deleted or replaced.
    """
    expiration = {"expiration": {"days": kept_days}} if kept_days else {}
    return [
        {
            "id": "tidy",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": ABANDONED_UPLOAD_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": REPLACED_VERSION_DAYS},
            **expiration,
        }
    ]


@dataclass(frozen=True)
class BucketArgs:
    """In what one bucket differs from another.

    Without a key, S3 encrypts with its own. `grants` makes further policy statements from the
    bucket's ARN, once `granted_to` (whatever those statements name) is known.
    """

    key_arn: pulumi.Input[str] | None = None
    kept_days: int | None = None
    protect: bool = False
    destroyable: bool = True
    granted_to: Sequence[pulumi.Input[str]] = ()
    grants: Callable[..., Sequence[Statement]] = lambda _arn: ()


class PrivateBucket(pulumi.ComponentResource):
    """A bucket with everything that keeps it private."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:PrivateBucket", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        made = aws.s3.Bucket(
            name,
            force_destroy=args.destroyable,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=made.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=inside,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=made.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=inside
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=made.id, versioning_configuration={"status": "Enabled"}, opts=inside
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=made.id, rules=[_encryption(args.key_arn)], opts=inside
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=made.id,
            rules=lifecycle(args.kept_days),
            # S3 refuses rules for replaced versions while there are none.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        policy = aws.s3.BucketPolicy(
            name,
            bucket=made.id,
            policy=pulumi.Output.all(made.arn, *args.granted_to).apply(
                lambda known: bucket_policy(known[0], *args.grants(*known))
            ),
            opts=inside,
        )
        aws.s3.BucketNotification(name, bucket=made.id, eventbridge=True, opts=inside)
        # Who uses the bucket waits for its encryption and its policy.
        self.bucket = pulumi.Output.all(made.id, encryption.id, policy.id).apply(lambda ids: ids[0])
        self.arn = made.arn
        self.register_outputs({"bucket": made.id, "arn": made.arn})


def _encryption(key_arn: pulumi.Input[str] | None) -> dict[str, Any]:
    """Return the rule of default encryption; a bucket key asks KMS once an hour, not each time."""
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    by_key = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
    return {"apply_server_side_encryption_by_default": by_key, "bucket_key_enabled": True}
