"""The policies' texts: who may do what to the buckets, the key and the log."""

import json

from infra import audit, bucket, keys, storage

ACCOUNT, REGION = "123456789012", "eu-west-3"


def test_a_bucket_refuses_what_is_not_encrypted_in_transit():
    """The denial covers the bucket and all objects, for everybody."""
    (statement,) = json.loads(bucket.bucket_policy("arn:b"))["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == {"AWS": "*"}
    assert statement["Resource"] == ["arn:b", "arn:b/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_log_bucket_takes_logs_of_this_stack_only():
    """S3 may write about the artifact bucket, load balancers under the account's own path."""
    by_bucket, by_balancer = storage.log_delivery("arn:logs", "arn:artifacts", ACCOUNT)
    assert by_bucket["Action"] == by_balancer["Action"] == "s3:PutObject"
    assert by_bucket["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:artifacts"}
    assert by_bucket["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert by_balancer["Resource"] == f"arn:logs/balancer/AWSLogs/{ACCOUNT}/*"


def test_more_statements_never_replace_the_denial():
    """A bucket with grants is TLS only too."""
    more = storage.log_delivery("arn:logs", "arn:artifacts", ACCOUNT)
    policy = json.loads(bucket.bucket_policy("arn:logs", *more))
    assert [s["Sid"] for s in policy["Statement"]] == ["TlsOnly", "BucketLogs", "BalancerLogs"]


def test_objects_go_by_age_only_where_that_is_asked_for():
    """Artifacts stay; their replaced versions and abandoned uploads go; logs go after a year."""
    (kept,) = bucket.lifecycle(None)
    assert "expiration" not in kept
    assert kept["noncurrent_version_expiration"]["noncurrent_days"] == 30
    assert kept["abort_incomplete_multipart_upload"]["days_after_initiation"] == 7
    (aged,) = bucket.lifecycle(365)
    assert aged["expiration"] == {"days": 365}


def test_the_key_serves_the_account_and_its_log_groups():
    """No principal is a wildcard; CloudWatch encrypts this stack's log groups with it, no other."""
    policy = json.loads(keys.key_policy(ACCOUNT, REGION, "/shop/dev/*"))
    account, logs = policy["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert logs["Principal"] == {"Service": "logs.eu-west-3.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": (
            f"arn:aws:logs:eu-west-3:{ACCOUNT}:log-group:/shop/dev/*"
        )
    }
    assert "kms:*" not in logs["Action"]


def test_flow_logs_of_another_account_can_not_take_the_role():
    """The service acts for many customers: the conditions name this one."""
    (statement,) = json.loads(audit.trust(ACCOUNT, REGION))["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    source = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert source == f"arn:aws:ec2:eu-west-3:{ACCOUNT}:vpc-flow-log/*"


def test_flow_logs_write_to_their_group_and_make_none():
    """A log group that the role could make would come back after the stack is gone."""
    (statement,) = json.loads(audit.delivery_policy("arn:group"))["Statement"]
    assert statement["Resource"] == "arn:group:*"
    assert "logs:CreateLogGroup" not in statement["Action"]
    assert not any("*" in action for action in statement["Action"])


def test_the_log_groups_lie_where_the_key_allows_them(dev):
    """The key's policy and the group's name come from one prefix."""
    assert audit.log_prefix(dev) == "/shop/dev/"
