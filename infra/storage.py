"""The artifact bucket: private, versioned, encrypted, TLS only."""

import json

import pulumi
import pulumi_aws as aws


def tls_only(bucket_arn: str) -> str:
    """Return the bucket policy that denies every request that is not encrypted in transit."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Storage(pulumi.ComponentResource):
    """The bucket of model artifacts and host bundles."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("pulumi-mlops:infra:Storage", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        # A destroyed stack leaves nothing behind, its objects and their versions included.
        bucket = aws.s3.Bucket(f"{name}-artifacts", force_destroy=True, opts=inside)
        aws.s3.BucketPublicAccessBlock(
            f"{name}-artifacts",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=inside,
        )
        aws.s3.BucketVersioning(
            f"{name}-artifacts",
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=inside,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-artifacts",
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=inside,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-artifacts",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=inside,
        )
        aws.s3.BucketPolicy(
            f"{name}-artifacts",
            bucket=bucket.id,
            policy=bucket.arn.apply(tls_only),
            opts=inside,
        )
        self.bucket = bucket.id
        self.arn = bucket.arn
        self.register_outputs({"bucket": bucket.id, "arn": bucket.arn})
