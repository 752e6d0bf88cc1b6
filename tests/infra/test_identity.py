"""The host's rights."""

import json

from infra import identity
from infra.storage import tls_only


def test_the_host_may_do_nothing_wider_than_its_own():
    """No action is a wildcard; the registry login is the one thing that AWS can't narrow."""
    policy = json.loads(identity.host_policy("arn:b", "arn:r", "arn:p"))
    for statement in policy["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert statement["Action"] == ["ecr:GetAuthorizationToken"]


def test_the_bucket_refuses_what_is_not_encrypted_in_transit():
    """The denial covers the bucket and all objects, for everybody."""
    (statement,) = json.loads(tls_only("arn:b"))["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == ["arn:b", "arn:b/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
