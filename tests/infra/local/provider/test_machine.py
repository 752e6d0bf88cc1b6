"""Instances, volumes and the machines behind them."""

import asyncio
import threading

import pulumi.provider.experimental.provider as api
import pytest

from infra.errors import UserError
from infra.local.provider.cloud import Refused
from infra.local.provider.home import Home
from infra.local.provider.ledger import Ledger
from infra.local.provider.provider import AwsProvider
from infra.local.provider.values import wire_map
from tests.infra.local.provider.cases import ZONE, image, subnet
from tests.infra.local.provider.driver import Driver, Resource, configuration


class RecordedMachine:
    """Notes what it is told; powers nothing on when it is broken."""

    def __init__(self):
        self.told, self.broken = [], False

    def power_on(self, instance_id, user_data):
        if self.broken:
            message = "no bundle to boot from"
            raise UserError(message)
        self.told.append(("power_on", instance_id, user_data))

    def __getattr__(self, name):
        return lambda *arguments: self.told.append((name, *arguments))


class RunningHome(Home):
    """A home whose AWS somebody else runs."""

    def wake(self, ports):
        self.woken = ports

    def rest(self):
        self.rested = True


@pytest.fixture
def home(tmp_path):
    return RunningHome(tmp_path, RecordedMachine(), Ledger(tmp_path))


@pytest.fixture
def local(request, emulator, home):
    """A provider with machines."""
    driver = Driver(AwsProvider(home, patience_s=3.0))
    driver.configure(configuration(request.getfixturevalue(emulator)))
    yield driver
    driver.remove_all()


def host(local):
    given = {
        "ami": image(local),
        "instanceType": "t3.small",
        "subnetId": subnet(local),
        "userData": "boot",
    }
    return local.create("aws:ec2/instance:Instance", "host", given)


def test_an_instance_is_powered_on_and_terminated(local, home):
    """With its user data, and only once."""
    it = host(local)
    assert home.machine.told == [("power_on", it.id, "boot")]
    local.delete(it)
    assert home.machine.told[1] == ("terminate", it.id)


def test_an_instance_whose_machine_does_not_start_is_ended_again(local, home):
    """The reason is told, and nothing is left running in EC2."""
    home.machine.broken = True
    with pytest.raises(Refused, match="Instance host: no bundle to boot from"):
        host(local)
    reservations = local.client("ec2").describe_instances()["Reservations"]
    states = {i["State"]["Name"] for r in reservations for i in r["Instances"]}
    assert states <= {"terminated"}


def test_the_machine_of_a_lost_instance_ends(local, home):
    """The embedded AWS forgot the instance: a refresh ends what played it."""
    it = host(local)
    local.client("ec2").terminate_instances(InstanceIds=[it.id])
    assert not local.refresh(it)
    assert home.machine.told[-1] == ("terminate", it.id)


def test_a_volume_is_a_disk_under_its_name(local, home):
    """Its data outlives the volume's id; it is attached to the machine and taken out again."""
    given = {"availabilityZone": ZONE, "size": 4, "tags": {"Name": "data"}}
    it = host(local)
    volume = local.create("aws:ebs/volume:Volume", "data", given)
    given = {"deviceName": "/dev/sdf", "volumeId": volume.id, "instanceId": it.id}
    attached = local.create("aws:ec2/volumeAttachment:VolumeAttachment", "data", given)
    local.delete(attached)
    local.delete(volume)
    assert home.machine.told[1:] == [
        ("create_disk", "data"),
        ("attach_disk", it.id, "data"),
        ("detach_disk", it.id),
        ("destroy_disk", "data"),
    ]


def test_the_embedded_aws_ends_with_the_last_resource(local, home):
    """Not before, and not when a resource was merely found to be gone."""
    one = local.create("aws:ecr/repository:Repository", "one", {})
    two = local.create("aws:ecr/repository:Repository", "two", {})
    local.delete(one)
    assert not hasattr(home, "rested")
    local.delete(two)
    assert home.rested


def test_what_is_being_made_keeps_the_embedded_aws(local, home):
    """It is in no ledger yet when the only other resource goes."""
    started, finish = threading.Event(), threading.Event()
    home.machine.create_disk = lambda _: (started.set(), finish.wait(10))
    one = local.create("aws:ecr/repository:Repository", "one", {})
    token, given = "aws:ebs/volume:Volume", {"availabilityZone": ZONE, "size": 4}
    inputs, _ = local.check(token, "data", given)
    urn = f"urn:pulumi:test::shop::{token}::data"
    making = api.CreateRequest(urn, wire_map(inputs), 60, preview=False)
    removing = api.DeleteRequest(one.urn, one.id, wire_map(one.state), 60)

    async def both():
        made = asyncio.create_task(local.provider.create(making))
        await asyncio.to_thread(started.wait, 10)
        await local.provider.delete(removing)
        finish.set()
        return (await made).resource_id

    local.made.append(Resource(token, "data", asyncio.run(both()), inputs, inputs))
    assert not hasattr(home, "rested")


@pytest.mark.usefixtures("local")
def test_configuring_wakes_the_embedded_aws(home):
    """At the port of the endpoint."""
    assert len(home.woken) == 1
