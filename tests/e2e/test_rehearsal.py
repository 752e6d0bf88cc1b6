"""Stacks `dev` and `hardened` from nothing to nothing, by the real engine on two emulators."""

import pytest

from tests import emulators
from tests.e2e.inventory import inventory
from tests.e2e.rehearsal import Rehearsal, StandIn, client

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

UP = ("up", "--yes", "--non-interactive", "--skip-preview")
OTHERS = "198.51.100.0/24"


@pytest.fixture(params=["ministack", "moto"])
def endpoint(request, tmp_path):
    """Where an emulator is that nobody else uses."""
    home = tmp_path / "emulator"
    home.mkdir()
    with getattr(emulators, request.param)(home) as url:
        yield url


@pytest.fixture(params=["dev", "hardened"])
def rehearsal(request, tmp_path, endpoint):
    """The stack of one profile, not yet made."""
    made = Rehearsal(tmp_path / "clone with a space", request.param, endpoint)
    made.pulumi("stack", "init")
    return made


def kinds(found):
    return {kind for kind, _ in found}


def test_a_stack_comes_stays_changes_and_goes(rehearsal, endpoint, tmp_path):
    """The engine makes it, finds it as declared, changes it in place and leaves nothing."""
    before = inventory(endpoint)
    with StandIn(tmp_path, endpoint, rehearsal.port) as host:
        rehearsal.pulumi(*UP)
        made = inventory(endpoint) - before
        assert host.taken, "the update did not wait for the host"

        rehearsal.pulumi("refresh", "--yes", "--non-interactive", "--skip-preview")
        # What had drifted would be changed now.
        rehearsal.pulumi("preview", "--non-interactive", "--expect-no-changes")

        rehearsal.configure(allowedCidr=OTHERS, dataVolumeGb=30)
        rehearsal.pulumi(*UP)
        after = inventory(endpoint) - before

    lasting = {"Instances", "Volumes", "Buckets", "Vpcs", "Keys"}
    assert kinds(made) >= lasting
    assert {x for x in made if x[0] in lasting} == {x for x in after if x[0] in lasting}
    ec2 = client("ec2", endpoint)
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    assert OTHERS in {rule.get("CidrIpv4") for rule in rules}
    assert {"203.0.113.7/32"} & {rule.get("CidrIpv4") for rule in rules} == set()
    assert 30 in {volume["Size"] for volume in ec2.describe_volumes()["Volumes"]}
    if rehearsal.stack == "hardened":
        assert kinds(made) >= {"LoadBalancers", "NatGateways", "VpcEndpoints"}

    rehearsal.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview")
    assert inventory(endpoint) - before == set()
    assert rehearsal.resources() == []
