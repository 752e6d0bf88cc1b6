"""Rules of buckets: private, encrypted, versioned, logged, and cleaned up."""

from collections.abc import Iterator
from typing import Any

from infra.policies.declared import (
    Declared,
    Finding,
    Stack,
    expect,
    expect_about,
    is_,
    is_given,
    listed,
    statements,
)

BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_ACCESS = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
EVENTS = "aws:s3/bucketNotification:BucketNotification"
ACL = "aws:s3/bucketAcl:BucketAcl"

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
LOG_DELIVERY = ("logging.s3.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com")


def public_access_is_blocked(stack: Stack) -> Iterator[Finding]:
    """Row 17: no ACL and no policy makes a bucket public."""
    for bucket in stack.of(BUCKET):
        yield from expect_about(stack, bucket, PUBLIC_ACCESS, "bucket", "declare it, all four on")
    for block in stack.of(PUBLIC_ACCESS, ACCOUNT_ACCESS):
        for path in BLOCKS:
            yield from expect(block, path, is_(True), "set it to True")


def tls_only(stack: Stack) -> Iterator[Finding]:
    """Row 18: the bucket refuses what is not encrypted in transit."""
    for bucket in stack.of(BUCKET):
        policies = stack.about(bucket, "bucket", POLICY)
        known = [p.at("policy") for p in policies if isinstance(p.at("policy"), str)]
        if len(known) == len(policies) and not any(map(_denies_plain_http, known)):
            yield Finding(
                bucket,
                "no policy denies requests without TLS",
                "declare a BucketPolicy that denies aws:SecureTransport=false",
            )


def _denies_plain_http(document: str) -> bool:
    return any(
        statement.get("Effect") == "Deny"
        and "s3:*" in listed(statement.get("Action"))
        and statement.get("Principal") in ({"AWS": "*"}, "*")
        and _secure_transport(statement.get("Condition", {})) == "false"
        for statement in statements(document)
    )


def _secure_transport(condition: dict[str, Any]) -> str:
    value = condition.get("Bool", {}).get("aws:SecureTransport", "")
    return str(value).lower()


def bucket_has_a_key(stack: Stack) -> Iterator[Finding]:
    """Row 19: objects are encrypted with a KMS key, one call of it a bucket and not an object.

    AWS delivers access logs only to a bucket with its own key (SSE-S3), so that is what a bucket
    that receives logs has.
    """
    for bucket in stack.of(BUCKET):
        yield from expect_about(
            stack, bucket, ENCRYPTION, "bucket", "declare it with sse_algorithm='aws:kms'"
        )
        wanted = ("aws:kms", "AES256") if receives_logs(stack, bucket) else ("aws:kms",)
        for encryption in stack.about(bucket, "bucket", ENCRYPTION):
            for rule in encryption.items_at("rules"):
                yield from _encryption_rule(encryption, rule, wanted)


def _encryption_rule(
    encryption: Declared, rule: dict[str, Any], wanted: tuple[str, ...]
) -> Iterator[Finding]:
    algorithm = (rule.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm")
    if algorithm not in wanted:
        yield Finding(
            encryption, f"sseAlgorithm is {algorithm}", f"set sse_algorithm='{wanted[0]}'"
        )
    if algorithm == "aws:kms" and rule.get("bucketKeyEnabled") is not True:
        yield Finding(
            encryption, "bucketKeyEnabled is not on", "set it: KMS is paid by the request"
        )


def receives_logs(stack: Stack, bucket: Declared) -> bool:
    """Tell whether AWS writes access logs into a bucket."""
    by_s3 = stack.about(bucket, "targetBucket", LOGGING)
    by_balancer = stack.about(bucket, "accessLogs", "aws:lb/loadBalancer:LoadBalancer")
    return bool(by_s3 or by_balancer)


def versions_are_kept(stack: Stack) -> Iterator[Finding]:
    """Row 20: an overwritten object can be had back."""
    for bucket in stack.of(BUCKET):
        yield from expect_about(stack, bucket, VERSIONING, "bucket", "declare it, status Enabled")
    for versioning in stack.of(VERSIONING):
        yield from expect(
            versioning, "versioningConfiguration.status", is_("Enabled"), "set status='Enabled'"
        )


def access_is_logged(stack: Stack) -> Iterator[Finding]:
    """Row 21: who read what is written down; a log bucket would log its own logs for ever."""
    for bucket in stack.of(BUCKET):
        if not receives_logs(stack, bucket):
            yield from expect_about(stack, bucket, LOGGING, "bucket", "declare a BucketLogging")
    for logging in stack.of(LOGGING):
        yield from expect(logging, "targetBucket", is_given, "name the log bucket")


def acls_are_off(stack: Stack) -> Iterator[Finding]:
    """Row 22: rights come from policies alone."""
    for bucket in stack.of(BUCKET):
        yield from expect_about(
            stack, bucket, OWNERSHIP, "bucket", "declare it with BucketOwnerEnforced"
        )
    for ownership in stack.of(OWNERSHIP):
        yield from expect(
            ownership,
            "rule.objectOwnership",
            is_("BucketOwnerEnforced"),
            "set object_ownership='BucketOwnerEnforced'",
        )


def old_objects_expire(stack: Stack) -> Iterator[Finding]:
    """Row 23: old versions and broken uploads do not pile up."""
    for bucket in stack.of(BUCKET):
        yield from expect_about(
            stack, bucket, LIFECYCLE, "bucket", "declare one that ends broken uploads"
        )
    for lifecycle in stack.of(LIFECYCLE):
        rules = [r for r in lifecycle.items_at("rules") if r.get("status") == "Enabled"]
        if not any(r.get("abortIncompleteMultipartUpload") for r in rules):
            yield Finding(
                lifecycle,
                "no rule in force ends broken uploads",
                "set abort_incomplete_multipart_upload in an Enabled rule",
            )


def events_are_sent(stack: Stack) -> Iterator[Finding]:
    """Row 24: what happens in a bucket can be listened to."""
    for bucket in stack.of(BUCKET):
        yield from expect_about(stack, bucket, EVENTS, "bucket", "declare it with eventbridge=True")
    for events in stack.of(EVENTS):
        yield from expect(events, "eventbridge", is_(True), "set eventbridge=True")


def nobody_else_is_let_in(stack: Stack) -> Iterator[Finding]:
    """Row 25: no policy allows everybody or another account; no ACL is set."""
    for policy in stack.of(POLICY):
        for statement in statements(policy.at("policy")):
            if statement.get("Effect") == "Allow":
                yield from _principals(policy, statement)
    for bucket in stack.of(BUCKET):
        yield from expect(bucket, "acl", lambda v: v in {None, "private"}, "set no acl")
    for acl in stack.of(ACL):
        yield from expect(acl, "acl", is_("private"), "remove it: rights come from policies")


def _principals(policy: Declared, statement: dict[str, Any]) -> Iterator[Finding]:
    """Let AWS's own log delivery in, and nobody else: the host has its rights from its role."""
    principal = statement.get("Principal")
    given = principal.get("Service") if isinstance(principal, dict) else None
    if given is None or any(name not in LOG_DELIVERY for name in listed(given)):
        yield Finding(
            policy,
            f"statement {statement.get('Sid', '')!r} lets {principal} in",
            "give rights to the role (Identity), not to the bucket",
        )
