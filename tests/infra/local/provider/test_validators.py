"""What AWS takes and refuses."""

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.provider import naming, validators

TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x"}}


@given(st.integers(0, 2**32 - 1), st.integers(16, 28))
def test_every_network_from_16_to_28_is_taken(address, size):
    """A VPC takes any network of these sizes whose host bits are zero."""
    network = ipaddress.ip_network((address, size), strict=False)
    assert validators.vpc_network(str(network)) is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_other_networks_are_refused_by_name(address, size):
    """Too large, too small, host bits: refused, and the value is told."""
    text = f"{ipaddress.IPv4Address(address)}/{size}"
    proper = str(ipaddress.ip_network(text, strict=False)) == text and 16 <= size <= 28
    reason = validators.vpc_network(text)
    assert (reason is None) is proper
    assert proper or text in reason


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.0/33", "a/16", "", "::/16", "10.0.0/16"])
def test_what_is_no_network_is_refused(text):
    """A network is written with all four bytes and its size."""
    assert validators.vpc_network(text)
    assert validators.any_network(text)


@pytest.mark.parametrize("text", ["abc", "a.b-c", "0" * 63, "my-bucket.v1"])
def test_bucket_names_that_s3_takes(text):
    """3 to 63 lower-case letters, digits, dots and hyphens."""
    assert validators.bucket_name(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "ab",
        "0" * 64,
        "Abc",
        "a_b",
        "-ab",
        "ab-",
        "a..b",
        "10.0.0.1",
        "xn--a",
        "abc-s3alias",
        "ab\n",
    ],
)
def test_bucket_names_that_s3_refuses(text):
    """Each of S3's rules is held."""
    assert validators.bucket_name(text)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,80}", fullmatch=True), st.binary(max_size=32))
def test_a_made_up_bucket_name_is_one_that_s3_takes(name, seed):
    """Names of resources make buckets' names, however long, in any case."""
    made = naming.automatic(name, seed, 63, lower=True)
    assert naming.is_automatic(name, made)
    if not name.lower().startswith(("xn--", "sthree-", "amzn-s3-demo-")):
        assert validators.bucket_name(made) is None


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (validators.instance_type, "t3.small", "t3"),
        (validators.zone, "eu-west-3a", "eu-west-3"),
        (validators.repository_name, "team/app_1", "Team"),
        (validators.role_name, "a" * 64, "a" * 65),
        (validators.group_name, "host", "sg-123"),
        (validators.parameter_name, "/app/dev/key", "/aws/key"),
        (validators.parameter_name, "key", "app/key"),
        (validators.device_name, "/dev/sdf", "sdf"),
        (validators.public_key, "ssh-ed25519 AAAA ada", "-----BEGIN KEY-----"),
        (validators.arn, "arn:aws:iam::aws:policy/X", "policy/X"),
        (validators.base64_text, "b25l", "b25"),
        (validators.user_data, "x" * 16384, "é" * 8193),
        (validators.port, 443, 65536),
        (validators.tags, {"Name": "x"}, {"aws:x": "y"}),
        (validators.tags, {"Name": ""}, {"Name": "x" * 257}),
        (validators.object_key, "a/b", ""),
        (validators.policy, json.dumps({"Statement": TRUST}), "{}"),
        (validators.policy, json.dumps({"Statement": [TRUST]}), "[]"),
        (validators.policy, json.dumps({"Statement": [TRUST]}), "not json"),
        (validators.policy, json.dumps({"Statement": TRUST}), '{"Statement": [{"Action": "x"}]}'),
        (validators.policy, json.dumps({"Statement": TRUST}), '{"Statement": {"Effect": "Deny"}}'),
    ],
)
def test_one_good_and_one_bad_value(check, good, bad):
    """Each rule lets pass what AWS takes and gives a reason for what it refuses."""
    assert check(good) is None
    assert isinstance(check(bad), str)


def test_policies_are_compared_by_what_they_say():
    """Spaces are no difference, another action is."""
    assert validators.same_json('{"a": [1]}', '{ "a":[1] }')
    assert not validators.same_json('{"a": [1]}', '{"a": [2]}')
    assert not validators.same_json("", '{"a": 1}')
