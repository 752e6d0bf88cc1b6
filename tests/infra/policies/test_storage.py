"""Rules of buckets, beyond what the mutations prove."""

from infra.policies import storage
from infra.policies.declared import UNKNOWN, Declared, Stack

BUCKET = Declared(storage.BUCKET, "data", {}, "data")
OF_BUCKET = {"bucket": frozenset({"data"})}


def test_a_policy_that_is_not_known_yet_is_not_judged():
    """It names the bucket's ARN, which a first preview does not have."""
    policy = Declared(storage.POLICY, "p", {"policy": UNKNOWN}, "p", OF_BUCKET)
    assert not list(storage.tls_only(Stack([BUCKET, policy])))
    assert list(storage.tls_only(Stack([BUCKET])))


def test_a_bucket_that_receives_logs_may_have_s3s_own_key():
    """AWS delivers no access logs into a bucket with a KMS key."""
    by_default = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    encryption = Declared(storage.ENCRYPTION, "e", {"rules": [by_default]}, "e", OF_BUCKET)
    logging = Declared(storage.LOGGING, "l", {}, "l", {"targetBucket": frozenset({"data"})})

    assert not list(storage.bucket_has_a_key(Stack([BUCKET, encryption, logging])))
    (finding,) = storage.bucket_has_a_key(Stack([BUCKET, encryption]))
    assert "sseAlgorithm is AES256" in str(finding)
