"""What one run of the program declares, on either stack, seen through Pulumi's mocks."""

import json

import pulumi
import pytest

from tests.infra.recorder import ALLOWED, of_type, run

TAGS = {"project": "pulumi-mlops", "stack": "dev", "owner": "you"}


@pytest.fixture(scope="module")
def local():
    return run("local")


@pytest.fixture(scope="module")
def dev():
    return run("dev", allowedCidr=ALLOWED)


def test_both_stacks_declare_the_same_resources(local, dev):
    """One program: a stack differs by settings; only the image has nowhere to be built locally."""
    built = "docker-build:index:Image"
    assert sorted([*(d.typ for d in local), built]) == sorted(d.typ for d in dev)


def test_every_resource_is_tagged_by_the_provider(dev):
    """Project, stack and owner stand in the one provider that makes all AWS resources."""
    (provider,) = of_type(dev, "pulumi:providers:aws")
    assert json.loads(provider.inputs["defaultTags"])["tags"] == TAGS
    made = [d for d in dev if d.typ.startswith("aws:")]
    assert len(made) > 25
    assert all("pulumi:providers:aws::aws::" in d.provider for d in made)


def test_a_key_opens_ssh_from_its_network_only():
    """Port 22 exists only together with a key and a network."""
    key = "ssh-ed25519 AAAA ada"
    declared = run("dev", allowedCidr=ALLOWED, sshPublicKey=key, sshCidr=ALLOWED)
    assert of_type(declared, "aws:ec2/keyPair:KeyPair")[0].inputs["publicKey"] == key
    rules = of_type(declared, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [r.inputs["cidrIpv4"] for r in rules if r.inputs["fromPort"] == 22] == [ALLOWED]


def test_no_secret_is_in_the_user_data_or_the_bundle(dev):
    """The password exists as a secret parameter only."""
    parameters = of_type(dev, "aws:ssm/parameter:Parameter")
    assert {p.inputs["type"] for p in parameters} == {"SecureString"}
    (host,) = of_type(dev, "aws:ec2/instance:Instance")
    assert "/pulumi-mlops/dev/" in host.inputs["userData"]
    assert "PASSWORD=" not in host.inputs["userData"].upper()


def test_the_image_is_built_for_the_host_and_used_by_digest():
    """A laptop's own architecture is no reason for an image that the host can't run."""
    declared = run("dev", allowedCidr=ALLOWED, instanceType="t4g.small")
    (image,) = of_type(declared, "docker-build:index:Image")
    assert image.inputs["platforms"] == ["linux/arm64"]
    assert image.inputs["push"] is True


def test_nothing_is_declared_with_a_bad_setting():
    """Settings are judged first."""
    with pytest.raises(pulumi.RunError, match="allowedCidr: missing"):
        run("dev")
