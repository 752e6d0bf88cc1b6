"""The host's rights."""

import json

from infra import identity


def test_the_host_may_do_nothing_wider_than_its_own():
    """No action is a wildcard; the registry login is the one thing that AWS can't narrow."""
    policy = json.loads(identity.host_policy("arn:b", "arn:r", "arn:p", "arn:k", "eu-west-3"))
    for statement in policy["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert statement["Action"] == ["ecr:GetAuthorizationToken"]


def test_the_host_uses_the_key_through_storage_and_parameters_only():
    """Whoever takes the role can't decrypt what he got by another way."""
    policy = json.loads(identity.host_policy("arn:b", "arn:r", "arn:p", "arn:k", "eu-west-3"))
    (use,) = (s for s in policy["Statement"] if s["Sid"] == "UseKey")
    assert use["Resource"] == "arn:k"
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    through = use["Condition"]["StringEquals"]["kms:ViaService"]
    assert through == ["s3.eu-west-3.amazonaws.com", "ssm.eu-west-3.amazonaws.com"]
