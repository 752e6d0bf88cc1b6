"""Rules of the host, beyond what the mutations prove."""

import pytest

from infra.policies import host
from infra.policies.declared import UNKNOWN, Declared, Stack


def told(user_data, *others):
    instance = Declared(host.INSTANCE, "web", {"userData": user_data})
    return [str(finding) for finding in host.no_secret_in_user_data(Stack([instance, *others]))]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token: c29tZXRoaW5nIHNlY3JldA==", "a password"),
        ("export DB_PASSWORD=hunter2hunter2", "a password"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
        ("aws_access_key_id = AKIAIOSFODNN7EXAMPLE", "an AWS access key"),
    ],
)
def test_a_secret_in_user_data_is_named_and_not_shown(text, secret):
    """The message itself must not tell it."""
    assert told(text) == [
        f"Instance web: userData holds {secret}; keep it as a SecureString and read it at boot"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "PASSWORD=$(cat /run/secrets/password)",
        "GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/grafana",
        "password: {{ password }}",
        "aws ssm get-parameter --name /shop/dev/grafana-admin-password",
        UNKNOWN,
    ],
)
def test_a_pointer_to_a_secret_is_none(text):
    """User data may say where a secret lies."""
    assert told(text) == []


def test_the_value_of_a_parameter_is_recognised():
    """Whatever it looks like."""
    kept = Declared(host.PARAMETER, "p", {"type": "SecureString", "value": "plain words"})
    assert told("say plain words", kept)
    assert not told("say other words", kept)
