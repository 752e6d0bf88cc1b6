"""Cases of keys, logs, and what a bucket is told about its content and its visitors."""

import json

from tests.infra.local.provider.cases import Case, bucket, policy, unset

ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


def key(d):
    given = {"description": "disks", "deletionWindowInDays": 7}
    return d.create("aws:kms/key:Key", "disks", given)


def key_arn(d):
    return key(d).state["arn"]


def key_policy(d):
    owner = {"AWS": f"arn:aws:iam::{d.account()}:root"}
    return policy("kms:*", Sid="Owner", Principal=owner)


def schedule_deletion(d, it):
    d.client("kms").schedule_key_deletion(KeyId=it.id, PendingWindowInDays=7)


def log_bucket(d):
    """Return a bucket that S3 itself may write access logs to."""
    name = d.create("aws:s3/bucket:Bucket", "visits", {"forceDestroy": True}).id
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    d.create("aws:s3/bucketPolicy:BucketPolicy", "visits", {"bucket": name, "policy": document})
    return name


def lifecycle_rules(days):
    return [
        {
            "id": "versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrentVersionExpiration": {"noncurrentDays": days},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
        {
            "id": "logs",
            "status": "Enabled",
            "filter": {"prefix": "logs/"},
            "expiration": {"days": days},
            "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
        },
    ]


def shorten(d, it):
    rule = {
        "ID": "logs",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 1},
    }
    d.client("s3").put_bucket_lifecycle_configuration(
        Bucket=it.id, LifecycleConfiguration={"Rules": [rule]}
    )


CASES = (
    Case(
        "aws:kms/key:Key",
        lambda d: {
            "description": "disks",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": key_policy(d),
        },
        schedule_deletion,
        lambda d, it: d.client("kms").disable_key_rotation(KeyId=it.id),
        "enableKeyRotation",
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda d: {"name": "alias/shop-test", "targetKeyId": key_arn(d)},
        lambda d, it: d.client("kms").delete_alias(AliasName=it.id),
        lambda d, it: d.client("kms").update_alias(AliasName=it.id, TargetKeyId=key(d).id),
        "targetKeyId",
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda d: {"name": "/shop/test", "retentionInDays": 365, "kmsKeyId": key_arn(d)},
        lambda d, it: d.client("logs").delete_log_group(logGroupName=it.id),
        lambda d, it: d.client("logs").put_retention_policy(logGroupName=it.id, retentionInDays=1),
        "retentionInDays",
    ),
    Case(
        ENCRYPTION,
        lambda d: {
            "bucket": bucket(d),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": key_arn(d),
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        unset("delete_bucket_encryption"),
        lambda d, it: d.client("s3").put_bucket_encryption(
            Bucket=it.id,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        "rules",
        lacks={
            ("ministack", test): "as S3 itself, it goes back to a default and not to none"
            for test in ("remove", "delete")
        },
        variant="kms",
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda d: {"bucket": bucket(d), "rules": lifecycle_rules(90)},
        unset("delete_bucket_lifecycle"),
        shorten,
        "rules",
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda d: {"bucket": bucket(d), "targetBucket": log_bucket(d), "targetPrefix": "s3/"},
        lambda d, it: d.client("s3").put_bucket_logging(Bucket=it.id, BucketLoggingStatus={}),
        lambda d, it: d.client("s3").put_bucket_logging(
            Bucket=it.id,
            BucketLoggingStatus={
                "LoggingEnabled": {
                    "TargetBucket": it.state["targetBucket"],
                    "TargetPrefix": "elsewhere/",
                }
            },
        ),
        "targetPrefix",
    ),
    Case(
        "aws:s3/bucketNotification:BucketNotification",
        lambda d: {"bucket": bucket(d), "eventbridge": True},
        lambda d, it: d.client("s3").delete_bucket(Bucket=it.id),
        lambda d, it: d.client("s3").put_bucket_notification_configuration(
            Bucket=it.id, NotificationConfiguration={}
        ),
        "eventbridge",
        lacks={
            ("moto", "drift"): "does not tell whether EventBridge is notified",
            ("moto", "import"): "does not tell whether EventBridge is notified",
            ("moto", "delete"): "S3 itself knows no bucket without this setting",
            ("ministack", "delete"): "S3 itself knows no bucket without this setting",
        },
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda d: {
            "forceDelete": True,
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key_arn(d)}],
        },
        lambda d, it: d.client("ecr").delete_repository(repositoryName=it.id),
        variant="kms",
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda d: {
            "name": "/shop/test/sealed",
            "type": "SecureString",
            "value": "hunter2",
            "keyId": key_arn(d),
        },
        lambda d, it: d.client("ssm").delete_parameter(Name=it.id),
        lambda d, it: d.client("ssm").put_parameter(
            Name=it.id, Value="hunter2", Type="SecureString", KeyId="alias/other", Overwrite=True
        ),
        "keyId",
        variant="kms",
    ),
)
