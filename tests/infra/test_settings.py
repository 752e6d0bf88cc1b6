"""Settings are judged before anything is declared."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import settings
from infra.errors import UserError

GOOD = {"owner": "ada", "region": "eu-west-3", "allowedCidr": "203.0.113.7/32"}


def read(**changes):
    values = {**GOOD, **changes}
    return settings.read("p", "dev", {k: v for k, v in values.items() if v is not None})


def test_what_is_not_set_has_a_default():
    """Owner, region and the allowed network are all that a stack must say."""
    chosen = read()
    assert chosen.instance_type == "t3.small"
    assert chosen.tags == {"project": "p", "stack": "dev", "owner": "ada", "profile": "dev"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("owner", ""),
        ("region", "Paris"),
        ("allowedCidr", "0.0.0.0/0"),
        ("allowedCidr", "10.0.0.1/8"),
        ("vpcCidr", "10.0.0.0/8"),
        ("vpcCidr", "10.0.0.0/28"),
        ("instanceType", "large"),
        ("dataVolumeGb", "0"),
        ("dataVolumeGb", "many"),
        ("sshCidr", "0.0.0.0/0"),
        ("runtime", "kubernetes"),
        ("awsEndpoint", "https://example.org:443"),
        ("awsEndpoint", "http://10.0.0.1:4566"),
        ("awsEndpoint", "http://127.0.0.1:port"),
        ("hostAddress", "0.0.0.0"),
        ("ports", {"mlflow": 80}),
        ("ports", {"mlflow": 5002, "grafana": 5002}),
        ("ports", "5002"),
        ("sshPublicKey", "secret"),
        ("readyTimeoutSeconds", "1"),
        ("ownr", "ada"),
    ],
)
def test_a_bad_value_is_refused_by_name(key, value):
    """The message names the key and the value."""
    with pytest.raises(UserError) as refused:
        read(**{key: value})
    assert f"{key}: {value}" in str(refused.value)


def test_all_refusals_come_at_once():
    """A user mends a file in one go."""
    with pytest.raises(UserError) as refused:
        read(region="x", allowedCidr=None)
    assert "region: x" in str(refused.value)
    assert "allowedCidr: missing" in str(refused.value)


def test_ssh_needs_both_a_key_and_a_network():
    """One without the other opens nothing and is a mistake."""
    with pytest.raises(UserError, match="sshPublicKey"):
        read(sshCidr="203.0.113.7/32")
    with pytest.raises(UserError, match="sshCidr"):
        read(sshPublicKey="ssh-ed25519 AAAA ada")


@given(st.text(max_size=30))
def test_no_text_passes_for_a_network_unless_it_is_one(text):
    """Whatever is accepted is the network that was written."""
    try:
        chosen = read(allowedCidr=text)
    except UserError:
        return
    assert chosen.allowed_cidr == ipaddress.IPv4Network(text)
    assert chosen.allowed_cidr.prefixlen >= settings.MIN_PUBLIC_PREFIX
