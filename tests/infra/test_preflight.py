"""What is judged before anything is created."""

import time
from dataclasses import replace

import pytest

from infra import preflight
from infra.account import Clients
from infra.builder import Ran
from infra.errors import NotCheckedError, UserError


class Account:
    """One service that lets everybody in and offers what is asked for, but no quota."""

    def __init__(self):
        self.asked = []

    def get_caller_identity(self):
        self.asked.append("identity")

    def describe_availability_zones(self):
        return {"AvailabilityZones": [{"ZoneName": f"eu-west-3{z}"} for z in "abc"]}

    def describe_instance_type_offerings(self, **_):
        return {"InstanceTypeOfferings": [{"Location": "eu-west-3a"}]}

    def describe_instance_types(self, **_):
        return {"InstanceTypes": [{"ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}}]}

    def get_parameter(self, **_):
        return {"Parameter": {"Value": "ami-1"}}

    def describe_images(self, **_):
        return {"Images": [{"Architecture": "x86_64"}]}

    def get_service_quota(self, **_):
        message = "may not read quotas"
        raise NotCheckedError(message)


class Elsewhere(Account):
    """An account whose type is offered in another zone, and whose image is gone."""

    def describe_instance_type_offerings(self, **_):
        return {"InstanceTypeOfferings": [{"Location": "eu-west-3c"}]}

    def describe_images(self, **_):
        return {"Images": []}


def good(_command):
    return Ran(0, "26.1.5 amd64")


def bad(_command):
    raise FileNotFoundError


def examine(chosen, service, run=good):
    notes = []
    preflight.examine(chosen, lambda _: Clients(*[service] * 4), run, notes.append)
    return notes


@pytest.fixture(autouse=True)
def _shell(monkeypatch):
    monkeypatch.delenv("PULUMI_HOME", raising=False)


def test_a_stack_that_can_come_up_is_let_through(dev):
    """What could not be looked at is said, and refuses nothing."""
    assert examine(dev, Account()) == ["not checked: may not read quotas"]


def test_all_faults_are_named_at_once(dev):
    """Nobody mends one to be told the next."""
    with pytest.raises(UserError) as refused:
        examine(dev, Elsewhere(), bad)
    lines = str(refused.value).splitlines()
    assert lines[0] == "stack dev can't come up; nothing was created or changed:"
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == [
        "instanceType",
        "amiParameter",
        "docker",
    ]
    assert "docs/deploy.md" in lines[-1]


def test_a_refused_login_is_one_fault_and_not_four(dev):
    """Every other question would be answered with the same."""

    def connect(_region):
        message = "credentials: none"
        raise UserError(message)

    with pytest.raises(UserError) as refused:
        preflight.examine(dev, connect, bad, print)
    assert [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:-1]] == [
        "credentials",
        "docker",
    ]


def test_the_embedded_aws_is_asked_nothing(local):
    """Stack `local` starts without it, and needs no Docker."""
    service = Account()
    assert examine(local, service, bad) == []
    assert service.asked == []


def test_the_shell_of_stack_local_is_refused(monkeypatch, dev):
    """Its engine has a provider of its own, which must not meet the real AWS."""
    monkeypatch.setenv("PULUMI_HOME", str(preflight.CHECKOUT / ".local" / "pulumi-home"))
    with pytest.raises(UserError, match=r"has read \.local/env"):
        examine(dev, Account())


def test_another_pulumi_home_is_nobodys_business(tmp_path):
    """Only the one in the checkout is stack local's."""
    preflight.check_shell({"PULUMI_HOME": str(tmp_path)}, preflight.CHECKOUT)
    preflight.check_shell({}, preflight.CHECKOUT)


def test_checks_run_side_by_side():
    """The slowest one is the time that a preview waits."""
    begun = time.monotonic()
    preflight.judge([lambda: time.sleep(0.3)] * 5)
    assert time.monotonic() - begun < 1.2


def test_a_user_data_that_is_too_large_is_refused_on_any_stack(local):
    """EC2's limit is known before anything is asked."""
    endless = replace(local, aws_endpoint="http://127.0.0.1:4566/" + "x" * 16_384)
    with pytest.raises(UserError, match="EC2 takes 16384"):
        examine(endless, Account())
