"""What one run of the program declares, on either stack, seen through Pulumi's mocks."""

import asyncio
import json
from pathlib import Path

import pulumi
import pytest

from infra.errors import UserError
from infra.program import declare
from tests.infra.recorder import ALLOWED, of_type, run

TAGS = {"project": "pulumi-mlops", "stack": "dev", "owner": "you", "profile": "dev"}


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


@pytest.mark.parametrize(("more", "verified"), [({}, False), ({"domain": "ml.example.com"}, True)])
def test_only_a_name_has_a_certificate_to_verify(more, verified):
    """The edge's own authority signs for an address; clients would not know it."""
    declared = run("dev", allowedCidr=ALLOWED, **more)
    (ready,) = [d for d in declared if d.name.endswith("-ready")]
    assert ready.inputs["verified"] is verified


def test_the_engine_examines_before_it_declares():
    """What is recorded on mocks asks no AWS; what the engine runs does."""
    text = (Path(__file__).parents[2] / "__main__.py").read_text()
    assert text.endswith("declare(preflight.examine)\n")


def test_a_stack_that_is_refused_declares_nothing():
    """The refusal is shown as it is, and comes before the first resource."""
    declared = []

    class Mocks(pulumi.runtime.Mocks):
        def new_resource(self, args):
            declared.append(args)
            return args.name, args.inputs

        def call(self, _args):
            return {}

    def refuse(chosen):
        message = f"stack {chosen.stack} can't come up: no login"
        raise UserError(message)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(Mocks(), project="pulumi-mlops", stack="dev")
        values = {"owner": "ada", "region": "eu-west-3", "allowedCidr": ALLOWED}
        pulumi.runtime.set_all_config({f"pulumi-mlops:{k}": v for k, v in values.items()})
        with pytest.raises(pulumi.RunError, match="stack dev can't come up: no login"):
            declare(refuse)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert declared == []
