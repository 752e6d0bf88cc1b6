"""Settings are judged before anything is declared."""

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import settings
from infra.errors import UserError

CERTIFICATE = "arn:aws:acm:eu-west-3:123456789012:certificate/1f0c"
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
        ("region", "eu-" + "west-" * 99 + "3"),
        ("allowedCidr", "0.0.0.0/0"),
        ("allowedCidr", "10.0.0.1/8"),
        ("auth", "none"),
        ("vpcCidr", "10.0.0.0/8"),
        ("vpcCidr", "10.0.0.0/28"),
        ("instanceType", "large"),
        ("instanceType", "t2.micro"),
        ("profile", "prod"),
        ("certificateArn", "arn:aws:iam::123456789012:server-certificate/x"),
        ("domain", "ML.example.com"),
        ("protectData", "yes"),
        ("maxMonthlyUsd", "-1"),
        ("dataVolumeGb", "0"),
        ("dataVolumeGb", "many"),
        ("sshCidr", "0.0.0.0/0"),
        ("runtime", "kubernetes"),
        ("awsEndpoint", "https://example.org:443"),
        ("awsEndpoint", "http://10.0.0.1:4566"),
        ("awsEndpoint", "http://127.0.0.1:port"),
        ("hostAddress", "0.0.0.0"),
        ("grafanaUsers", {"ana": "viewer"}),
        ("grafanaUsers", {"admin": "Viewer"}),
        ("grafanaUsers", {"Ana": "Viewer"}),
        ("grafanaUsers", {}),
        ("grafanaUsers", "ana"),
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


@pytest.mark.parametrize("stack", ["", "My-Stack", "my_stack", "-dev", "dev-", "a.b", "s" * 44])
def test_a_stack_is_refused_whose_resources_can_not_have_its_name(stack):
    """A bucket's name is the strictest: the message says what a stack may be called."""
    with pytest.raises(UserError) as refused:
        settings.read("p", stack, GOOD)
    assert f"stack: {stack} is refused: a stack's name has small letters" in str(refused.value)


def test_a_hardened_stack_needs_a_certificate_and_takes_no_ssh():
    """Its load balancer speaks HTTPS; its host can't be reached from outside."""
    with pytest.raises(UserError, match="set certificateArn"):
        read(profile="hardened")
    with pytest.raises(UserError, match="Session Manager"):
        read(
            profile="hardened",
            certificateArn=CERTIFICATE,
            sshPublicKey="ssh-ed25519 AAAA ada",
            sshCidr="203.0.113.7/32",
        )
    with pytest.raises(UserError, match="only profile hardened"):
        read(certificateArn=CERTIFICATE)


@pytest.mark.parametrize("network", ["203.0.113.6/31", "10.0.0.0/8"])
def test_a_service_for_more_than_one_address_asks_who_calls(network):
    """An open one is its deployer's alone: the refusal says which of two values to change."""
    with pytest.raises(UserError) as refused:
        read(auth="open", allowedCidr=network)
    told = f"auth: open is refused: allowedCidr {network} admits more than one address"
    assert f"{told}: set auth to required, or allowedCidr to a /32" in str(refused.value)
    assert read(allowedCidr=network).auth == "required"


def test_one_address_may_have_an_open_service():
    """When its owner says so; unasked it is not."""
    assert read(auth="open").auth == "open"
    assert read().auth == "required"


def test_data_is_protected_in_profile_hardened_unless_said_otherwise():
    """And is not in profile dev, unless said so."""
    assert read(profile="hardened", certificateArn=CERTIFICATE).protect_data
    assert not read(
        profile="hardened", certificateArn=CERTIFICATE, protectData="false"
    ).protect_data
    assert not read().protect_data
    assert read(protectData="true").protect_data


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        *(("t3.small", "amd64"), ("t3a.small", "amd64"), ("g5.xlarge", "amd64")),
        *(("t4g.small", "arm64"), ("c7gn.large", "arm64"), ("a1.medium", "arm64")),
    ],
)
def test_the_architecture_follows_the_instance_type(instance_type, architecture):
    """Graviton families end in g, or say more behind it; a GPU family only begins with one."""
    assert read(instanceType=instance_type).architecture == architecture


def test_an_image_of_the_other_architecture_is_refused():
    """Before AWS would refuse it, in the middle of an update."""
    with pytest.raises(UserError, match=r"amiParameter: .*t4g.small is arm64"):
        read(instanceType="t4g.small", amiParameter="/aws/service/debian/release/13/latest/amd64")


def refused_or(key, value):
    """Return the settings with one value, or None once its refusal has named key and value."""
    try:
        return read(**{key: value})
    except UserError as error:
        message = str(error)
    assert f"{key}: {value} is refused: " in message
    return None


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_every_network_is_taken_or_refused_by_its_width(address, prefix):
    """No public port for more than a /8; no VPC that AWS would not make."""
    network = ipaddress.IPv4Network((address, prefix), strict=False)
    public, vpc = refused_or("allowedCidr", str(network)), refused_or("vpcCidr", str(network))
    assert (public is not None) == (prefix >= 8)
    assert (vpc is not None) == (16 <= prefix <= 24)


@given(st.integers(-10, 20_000))
def test_every_size_is_taken_or_refused_by_its_bounds(size):
    """EBS makes volumes of 1 to 16384 GiB."""
    chosen = refused_or("dataVolumeGb", str(size))
    assert (chosen is not None) == (1 <= size <= 16384)


names = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)


@given(names | st.text(st.characters(codec="ascii"), max_size=60))
def test_every_accepted_stack_gives_a_legal_bucket_name(stack):
    """With what Pulumi puts behind it: S3's names are the strictest that there are."""
    try:
        chosen = settings.read("pulumi-mlops", stack, GOOD)
    except UserError:
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", f"{chosen.name}-artifacts-0123abc")


@given(st.text(max_size=30))
def test_no_text_passes_for_a_network_unless_it_is_one(text):
    """Whatever is accepted is the network that was written."""
    try:
        chosen = read(allowedCidr=text)
    except UserError:
        return
    assert chosen.allowed_cidr == ipaddress.IPv4Network(text)
    assert chosen.allowed_cidr.prefixlen >= settings.MIN_PUBLIC_PREFIX
