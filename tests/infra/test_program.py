"""What one run of the program declares, on either stack, seen through Pulumi's mocks."""

import asyncio
import json
from pathlib import Path

import pulumi
import pytest
import yaml

from infra.program import declare

ACCOUNT = "123456789012"
CHECKOUT = Path(__file__).parents[2]
TAGS = {"project": "pulumi-mlops", "stack": "dev", "owner": "you", "profile": "dev"}


class Recorder(pulumi.runtime.Mocks):
    """Remembers every declared resource as plain data."""

    def __init__(self):
        self.declared = []

    def new_resource(self, args):
        self.declared.append(args)
        known = {"arn": f"arn:{args.name}", "publicIp": "1.2.3.4", "repositoryUrl": "ecr/x"}
        return f"{args.name}-id", {"name": args.name, **known, **args.inputs}

    def call(self, args):
        return {
            "aws:ssm/getParameter:getParameter": {"value": "ami-1", "name": "n", "type": "String"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
        }[args.token]


def run(stack, **changes):
    """Run the program once with a stack's own configuration file, and changes to it."""
    recorder = Recorder()
    document = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())
    changed = {f"pulumi-mlops:{key}": value for key, value in changes.items()}
    values = {**document["config"], **changed}
    pulumi.runtime.set_mocks(recorder, project="pulumi-mlops", stack=stack, preview=False)
    pulumi.runtime.set_all_config({k: str(v) for k, v in values.items()})

    @pulumi.runtime.test
    def once():
        declare()

    once()
    return recorder.declared


@pytest.fixture(scope="module", autouse=True)
def _loop():
    """Pulumi's mocks take the thread's event loop, which `asyncio.run` of other tests removes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="module")
def local():
    return run("local")


@pytest.fixture(scope="module")
def dev():
    return run("dev", allowedCidr="203.0.113.7/32")


def of_type(declared, token):
    return [d for d in declared if d.typ == token]


def test_both_stacks_declare_the_same_resources(local, dev):
    """One program: a stack differs by settings, not by what there is."""
    assert sorted(d.typ for d in local) == sorted(d.typ for d in dev)


def test_every_resource_is_tagged_by_the_provider(dev):
    """Project, stack and owner stand in the one provider that makes all AWS resources."""
    (provider,) = of_type(dev, "pulumi:providers:aws")
    assert json.loads(provider.inputs["defaultTags"])["tags"] == TAGS
    made = [d for d in dev if d.typ.startswith("aws:")]
    assert len(made) > 25
    assert all("pulumi:providers:aws::aws::" in d.provider for d in made)


def test_two_public_subnets_lie_in_two_zones(dev):
    """One zone's loss leaves the other."""
    subnets = of_type(dev, "aws:ec2/subnet:Subnet")
    assert {s.inputs["availabilityZone"] for s in subnets} == {"eu-west-3a", "eu-west-3b"}
    assert all(s.inputs["mapPublicIpOnLaunch"] is False for s in subnets)


def test_the_host_is_hardened(dev):
    """IMDSv2 only, encrypted disks, a role instead of keys, no key pair unasked."""
    (host,) = of_type(dev, "aws:ec2/instance:Instance")
    assert host.inputs["metadataOptions"]["httpTokens"] == "required"
    assert host.inputs["rootBlockDevice"]["encrypted"] is True
    assert host.inputs["iamInstanceProfile"]
    assert "keyName" not in host.inputs
    (volume,) = of_type(dev, "aws:ebs/volume:Volume")
    assert volume.inputs["encrypted"] is True


def test_a_key_opens_ssh_from_its_network_only():
    """Port 22 exists only together with a key and a network."""
    key = "ssh-ed25519 AAAA ada"
    declared = run("dev", allowedCidr="203.0.113.7/32", sshPublicKey=key, sshCidr="203.0.113.7/32")
    assert of_type(declared, "aws:ec2/keyPair:KeyPair")[0].inputs["publicKey"] == key
    rules = of_type(declared, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [r.inputs["cidrIpv4"] for r in rules if r.inputs["fromPort"] == 22] == ["203.0.113.7/32"]


def test_no_secret_is_in_the_user_data_or_the_bundle(dev):
    """The password exists as a secret parameter only."""
    (parameter,) = of_type(dev, "aws:ssm/parameter:Parameter")
    assert parameter.inputs["type"] == "SecureString"
    (host,) = of_type(dev, "aws:ec2/instance:Instance")
    assert "grafana-admin-password" in host.inputs["userData"]
    assert "PASSWORD=" not in host.inputs["userData"].upper()


def test_nothing_is_declared_with_a_bad_setting():
    """Settings are judged first."""
    with pytest.raises(pulumi.RunError, match="allowedCidr: missing"):
        run("dev")
