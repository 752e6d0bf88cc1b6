"""Volumes, with the disks that play them on stack `local`."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import Any, ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud, Refused, gone_is_fine
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import Props, is_known

TYPES = ("standard", "gp2", "gp3", "io1", "io2", "sc1", "st1")


def find(cloud: Cloud, volume_id: str) -> Props | None:
    """Return a volume as EC2 describes it, or None."""
    client = cloud.client("ec2")
    return ec2.one(lambda: client.describe_volumes(VolumeIds=[volume_id])["Volumes"])


def modify(cloud: Cloud, volume_id: str, wanted: Props) -> None:
    """Change size, type or speed of a volume that may be in use."""
    words = {"Size": "size", "VolumeType": "type", "Iops": "iops", "Throughput": "throughput"}
    asked = {word: wanted[name] for word, name in words.items() if wanted.get(name) is not None}
    cloud.client("ec2").modify_volume(VolumeId=volume_id, **asked)


def clear(cloud: Cloud, volume_ids: list[str]) -> None:
    """Remove disks that EC2 removes with their instance, and an emulator may leave."""
    client = cloud.client("ec2")
    for volume_id in volume_ids:
        volume = find(cloud, volume_id)
        with gone_is_fine():
            if volume and volume.get("Attachments"):
                client.detach_volume(VolumeId=volume_id)
            if volume:
                cloud.insist(lambda: client.delete_volume(VolumeId=volume_id), "VolumeInUse")  # noqa: B023  # called at once


def disk_name(volume_id: str, tags: dict[str, str]) -> str:
    """Return the name of the disk that plays a volume: it outlives the volume's id."""
    return tags.get("Name", volume_id)


class Volume(ec2.Ec2Type):
    """A volume, with a disk of this machine on stack `local`."""

    type_name = "aws:ebs/volume:Volume"
    inputs: ClassVar[Inputs] = {
        "availabilityZone": Property(required=True, replaces=True, check=validators.zone),
        "size": Property(int, required=True, check=validators.within(1, 65536)),
        "type": Property(computed=True, check=validators.one_of(*TYPES)),
        "encrypted": Property(bool, computed=True, replaces=True),
        "kmsKeyId": Property(computed=True, replaces=True),
        "iops": Property(int, computed=True),
        "throughput": Property(int, computed=True),
        "finalSnapshot": Property(bool, default=False),
    }
    outputs = ("arn", "createTime")
    forgotten = frozenset({"kmsKeyId"})

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge the speed, which only some types let choose."""
        kind = given.get("type", "gp2")
        if not is_known(kind):
            return
        if "throughput" in given and kind != "gp3":
            yield Fault("throughput", f"only type gp3 takes it, not {kind}")
        if "iops" in given and kind not in {"gp3", "io1", "io2"}:
            yield Fault("iops", f"only types gp3, io1 and io2 take it, not {kind}")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        words = {
            "AvailabilityZone": "availabilityZone",
            "Size": "size",
            "VolumeType": "type",
            "Encrypted": "encrypted",
            "KmsKeyId": "kmsKeyId",
            "Iops": "iops",
            "Throughput": "throughput",
        }
        asked = {word: given[name] for word, name in words.items() if name in given}
        made = cloud.client("ec2").create_volume(**asked, **ec2.tagged("volume", given["tagsAll"]))
        return str(made["VolumeId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Wait until it can be attached, and make its disk."""

        def ready() -> bool:
            return (find(cloud, resource_id) or {}).get("State") == "available"

        cloud.wait(f"{resource_id} to be available", ready)
        cloud.machine.create_disk(disk_name(resource_id, given["tagsAll"]))

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the volume."""
        volume = find(cloud, resource_id)
        if volume is None or volume["State"] in {"deleting", "deleted"}:
            return None
        return {
            "id": resource_id,
            "availabilityZone": volume["AvailabilityZone"],
            "size": volume["Size"],
            "type": volume["VolumeType"],
            "encrypted": volume["Encrypted"],
            "kmsKeyId": volume.get("KmsKeyId", ""),
            "iops": volume.get("Iops"),
            "throughput": volume.get("Throughput"),
            "createTime": volume["CreateTime"].isoformat(),
            "arn": ec2.arn(cloud, ec2.account(cloud), "volume", resource_id),
            "tagsAll": tag_map(volume.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Change size, type or speed.

        Raises
        ------
        Refused
            The new size is smaller than the old one.
        """
        if new["size"] < old["size"]:
            message = f"a volume can't shrink from {old['size']} to {new['size']} GiB"
            raise Refused(message)
        if any(
            old.get(k) != new.get(k, old.get(k)) for k in ("size", "type", "iops", "throughput")
        ):
            modify(cloud, resource_id, new)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it, and its disk; a snapshot stays where one was asked for."""
        client = cloud.client("ec2")
        if known.get("finalSnapshot") and find(cloud, resource_id):
            tags = ec2.tagged("snapshot", known.get("tagsAll", {}))
            snapshot = client.create_snapshot(VolumeId=resource_id, **tags)["SnapshotId"]
            cloud.wait(f"{snapshot} to be completed", lambda: _is_complete(client, snapshot))
        with gone_is_fine():
            cloud.insist(lambda: client.delete_volume(VolumeId=resource_id), "VolumeInUse")
        cloud.machine.destroy_disk(disk_name(resource_id, known.get("tagsAll", {})))


def _is_complete(client: Any, snapshot_id: str) -> bool:  # noqa: ANN401
    (snapshot,) = client.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    return bool(snapshot["State"] == "completed")


class VolumeAttachment(ResourceType):
    """A volume in an instance; its id is `<device>:<volume>:<instance>`, as for an import."""

    type_name = "aws:ec2/volumeAttachment:VolumeAttachment"
    inputs: ClassVar[Inputs] = {
        "deviceName": Property(required=True, replaces=True, check=validators.device_name),
        "volumeId": Property(required=True, replaces=True),
        "instanceId": Property(required=True, replaces=True),
    }
    unique = ("volumeId",)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Attach it."""
        client = cloud.client("ec2")
        cloud.insist(
            lambda: client.attach_volume(
                Device=given["deviceName"],
                VolumeId=given["volumeId"],
                InstanceId=given["instanceId"],
            ),
            "IncorrectState",
            "VolumeInUse",
        )
        return f"{given['deviceName']}:{given['volumeId']}:{given['instanceId']}"

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Wait until it is attached, and let the machine see its disk."""
        cloud.wait(
            f"{resource_id} to be attached", lambda: self._state(cloud, resource_id) == "attached"
        )
        volume = find(cloud, given["volumeId"]) or {}
        name = disk_name(given["volumeId"], tag_map(volume.get("Tags")))
        cloud.machine.attach_disk(given["instanceId"], name)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read whether the volume is in the instance."""
        device, volume_id, instance_id = _parts(resource_id)
        if self._state(cloud, resource_id) not in {"attached", "attaching", "busy"}:
            return None
        return {
            "id": resource_id,
            "deviceName": device,
            "volumeId": volume_id,
            "instanceId": instance_id,
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Take the disk from the machine, then the volume from the instance."""
        _, volume_id, instance_id = _parts(resource_id)
        cloud.machine.detach_disk(instance_id)
        if self.read(cloud, resource_id, known) is None:
            return
        cloud.client("ec2").detach_volume(VolumeId=volume_id, InstanceId=instance_id)
        cloud.wait(
            f"{resource_id} to be detached",
            lambda: self._state(cloud, resource_id) in {None, "detached"},
        )

    def _state(self, cloud: Cloud, resource_id: str) -> str | None:
        device, volume_id, instance_id = _parts(resource_id)
        for found in (find(cloud, volume_id) or {}).get("Attachments", ()):
            if found["InstanceId"] == instance_id and found["Device"] == device:
                return str(found["State"])
        return None


def _parts(resource_id: str) -> list[str]:
    """Return device, volume and instance of an attachment's id.

    Raises
    ------
    Refused
        The id has another form.
    """
    parts = resource_id.split(":")
    if len(parts) != 3:  # noqa: PLR2004
        message = f"{resource_id!r}: the id of a volume attachment is DEVICE:VOLUME:INSTANCE"
        raise Refused(message)
    return parts
