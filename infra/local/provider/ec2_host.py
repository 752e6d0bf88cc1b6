"""Instances, with the machines that play them on stack `local`."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

import base64
from collections.abc import Callable
from typing import Any, ClassVar

from infra.local.provider import ec2, ec2_volume, validators
from infra.local.provider.cloud import Cloud, Refused
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Inputs, Property, changes
from infra.local.provider.values import Props

ENDED = {"terminated", "shutting-down"}

METADATA = {
    "httpEndpoint": Property(computed=True, check=validators.one_of("enabled", "disabled")),
    "httpTokens": Property(computed=True, check=validators.one_of("optional", "required")),
    "httpPutResponseHopLimit": Property(int, computed=True, check=validators.within(1, 64)),
    "instanceMetadataTags": Property(computed=True, check=validators.one_of("enabled", "disabled")),
}
"""Options of the instance metadata service; EC2 has the same words with a capital."""

ROOT_DISK = {
    "deleteOnTermination": Property(bool, computed=True, replaces=True),
    "encrypted": Property(bool, computed=True, replaces=True),
    "kmsKeyId": Property(computed=True, replaces=True),
    "volumeSize": Property(int, computed=True, check=validators.within(1, 65536)),
    "volumeType": Property(computed=True, check=validators.one_of(*ec2_volume.TYPES)),
    "iops": Property(int, computed=True),
    "throughput": Property(int, computed=True),
}

SWITCHES = ("associatePublicIpAddress", "monitoring", "ebsOptimized", "disableApiTermination")


class Instance(ec2.Ec2Type):
    """One instance, with the machine that plays it on stack `local`."""

    type_name = "aws:ec2/instance:Instance"
    inputs: ClassVar[Inputs] = {
        "ami": Property(
            required=True, replaces=True, check=validators.matches(r"ami-[\w-]+", "ami-0abc…")
        ),
        "instanceType": Property(required=True, check=validators.instance_type),
        "subnetId": Property(computed=True, replaces=True),
        "availabilityZone": Property(computed=True, replaces=True, check=validators.zone),
        "privateIp": Property(computed=True, replaces=True),
        "associatePublicIpAddress": Property(bool, computed=True, replaces=True),
        "vpcSecurityGroupIds": Property(list, computed=True, same=validators.same_members),
        "iamInstanceProfile": Property(),
        "keyName": Property(computed=True, replaces=True),
        "userData": Property(check=validators.user_data),
        "userDataReplaceOnChange": Property(bool, default=False),
        "monitoring": Property(bool, computed=True),
        "ebsOptimized": Property(bool, computed=True, replaces=True),
        "disableApiTermination": Property(bool, computed=True),
        "metadataOptions": Property(dict, computed=True, shape=METADATA),
        "rootBlockDevice": Property(dict, computed=True, shape=ROOT_DISK),
    }
    outputs = (
        "arn",
        "instanceState",
        "primaryNetworkInterfaceId",
        "privateDns",
        "publicDns",
        "publicIp",
    )
    forgotten = frozenset({"rootBlockDevice", *SWITCHES})

    def replaced_on(self, given: Props) -> frozenset[str]:
        """Return the user data where its change shall be another instance."""
        return frozenset({"userData"} if given.get("userDataReplaceOnChange") else ())

    def create(self, cloud: Cloud, given: Props) -> str:
        """Run it; its profile and its group may take a moment to be seen."""
        client = cloud.client("ec2")
        request = _request(client, given)
        made = cloud.insist(
            lambda: client.run_instances(**request),
            "Invalid IAM Instance Profile",
            "InvalidGroup.NotFound",
            "InvalidSubnetID.NotFound",
        )
        return str(made["Instances"][0]["InstanceId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Wait until it runs, then boot its machine."""
        _wait_for(cloud, resource_id, "running")
        cloud.machine.power_on(resource_id, given.get("userData", ""))

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the instance, its user data, its root disk."""
        found = _find(cloud, resource_id)
        if found is None or found["State"]["Name"] in ENDED:
            return None
        owner = ec2.account(cloud)
        interfaces = found.get("NetworkInterfaces") or [{}]
        profile = found.get("IamInstanceProfile", {}).get("Arn", "")
        return {
            "id": resource_id,
            "ami": found["ImageId"],
            "instanceType": found["InstanceType"],
            "subnetId": found.get("SubnetId"),
            "availabilityZone": found["Placement"]["AvailabilityZone"],
            "privateIp": found.get("PrivateIpAddress"),
            # Also true of an address that was tied to it later, as for pulumi-aws.
            "associatePublicIpAddress": bool(interfaces[0].get("Association")),
            "vpcSecurityGroupIds": [g["GroupId"] for g in found.get("SecurityGroups", ())],
            "iamInstanceProfile": profile.rpartition("/")[2],
            "keyName": found.get("KeyName"),
            **_user_data(cloud, resource_id),
            **_metadata(found.get("MetadataOptions", {})),
            **_switches(cloud, found),
            "rootBlockDevice": _root_disk(cloud, found),
            "arn": ec2.arn(cloud, owner, "instance", resource_id),
            "instanceState": found["State"]["Name"],
            "primaryNetworkInterfaceId": interfaces[0].get("NetworkInterfaceId", ""),
            "privateDns": found.get("PrivateDnsName"),
            "publicDns": found.get("PublicDnsName", ""),
            "publicIp": found.get("PublicIpAddress", ""),
            "tagsAll": tag_map(found.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Change what differs; type and user data need the instance stopped."""
        client = cloud.client("ec2")
        differing = {c.path.partition(".")[0] for c in changes(self.inputs, old, new)}
        if "metadataOptions" in differing:
            client.modify_instance_metadata_options(
                InstanceId=resource_id, **_capital(new["metadataOptions"])
            )
        if "vpcSecurityGroupIds" in differing:
            client.modify_instance_attribute(
                InstanceId=resource_id, Groups=new["vpcSecurityGroupIds"]
            )
        if "iamInstanceProfile" in differing:
            _change_profile(cloud, resource_id, new.get("iamInstanceProfile"))
        if "rootBlockDevice" in differing:
            _, disk = _root(_find(cloud, resource_id) or {})
            ec2_volume.modify(cloud, disk, _as_volume(new["rootBlockDevice"]))
        if "monitoring" in differing:
            switch = client.monitor_instances if new["monitoring"] else client.unmonitor_instances
            switch(InstanceIds=[resource_id])
        if "disableApiTermination" in differing:
            client.modify_instance_attribute(
                InstanceId=resource_id,
                DisableApiTermination={"Value": new["disableApiTermination"]},
            )
        if {"instanceType", "userData"} & differing:
            _while_stopped(cloud, resource_id, lambda: _set(client, resource_id, differing, new))

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """End its machine, then itself; its address and disks are free when this returns."""
        cloud.machine.terminate(resource_id)
        disks = _own_disks(_find(cloud, resource_id) or {})
        cloud.client("ec2").terminate_instances(InstanceIds=[resource_id])
        _wait_for(cloud, resource_id, "terminated")
        ec2_volume.clear(cloud, disks)

    def forget(self, cloud: Cloud, resource_id: str) -> None:
        """End the machine of an instance that somebody else terminated."""
        cloud.machine.terminate(resource_id)


def _find(cloud: Cloud, instance_id: str) -> Props | None:
    client = cloud.client("ec2")
    reservation = ec2.one(
        lambda: client.describe_instances(InstanceIds=[instance_id])["Reservations"]
    )
    found: Props | None = reservation["Instances"][0] if reservation else None
    return found


def _wait_for(cloud: Cloud, instance_id: str, state: str) -> None:
    """Wait for a state; what is no longer known has terminated.

    Raises
    ------
    Refused
        The instance ended instead, or does not get there.
    """

    def ready() -> bool:
        found = _find(cloud, instance_id)
        now = found["State"]["Name"] if found else "terminated"
        if now in ENDED and state == "running":
            message = f"{instance_id} ended while it started"
            raise Refused(message)
        return bool(now == state)

    cloud.wait(f"{instance_id} to be {state}", ready)


def _request(client: Any, given: Props) -> dict[str, Any]:  # noqa: ANN401
    """Return the arguments of RunInstances."""
    request: dict[str, Any] = {
        "ImageId": given["ami"],
        "InstanceType": given["instanceType"],
        "MinCount": 1,
        "MaxCount": 1,
        **ec2.tagged("instance", given["tagsAll"]),
    }
    words = {
        "KeyName": "keyName",
        "UserData": "userData",
        "EbsOptimized": "ebsOptimized",
        "DisableApiTermination": "disableApiTermination",
    }
    request |= {word: given[name] for word, name in words.items() if name in given}
    if "monitoring" in given:
        request["Monitoring"] = {"Enabled": given["monitoring"]}
    if "availabilityZone" in given:
        request["Placement"] = {"AvailabilityZone": given["availabilityZone"]}
    if "iamInstanceProfile" in given:
        request["IamInstanceProfile"] = {"Name": given["iamInstanceProfile"]}
    if "metadataOptions" in given:
        request["MetadataOptions"] = _capital(given["metadataOptions"])
    if "rootBlockDevice" in given:
        device = _root_name(client, given["ami"])
        disk = _capital(given["rootBlockDevice"])
        request["BlockDeviceMappings"] = [{"DeviceName": device, "Ebs": disk}]
    return {**request, **_network(client, given)}


def _network(client: Any, given: Props) -> dict[str, Any]:  # noqa: ANN401
    """Return where an instance is; a choice about its public address needs the long form."""
    words = {"SubnetId": "subnetId", "PrivateIpAddress": "privateIp"}
    where = {word: given[name] for word, name in words.items() if name in given}
    groups = given.get("vpcSecurityGroupIds")
    # Emulators lose half of the long form: it is for what the subnet does not do by itself.
    if given.get("associatePublicIpAddress") in {None, _is_public(client, given.get("subnetId"))}:
        return {**where, **({"SecurityGroupIds": groups} if groups else {})}
    public = {"AssociatePublicIpAddress": given["associatePublicIpAddress"], "DeviceIndex": 0}
    interface = {**where, **public, **({"Groups": groups} if groups else {})}
    return {"NetworkInterfaces": [interface]}


def _is_public(client: Any, subnet_id: str | None) -> bool:  # noqa: ANN401
    """Tell whether a subnet gives its instances public addresses; the default one does."""
    if subnet_id is None:
        return True
    (subnet,) = client.describe_subnets(SubnetIds=[subnet_id])["Subnets"]
    return bool(subnet["MapPublicIpOnLaunch"])


def _root_name(client: Any, ami: str) -> str:  # noqa: ANN401
    """Return the name that an image gives its root disk."""
    image = ec2.one(lambda: client.describe_images(ImageIds=[ami])["Images"])
    return str((image or {}).get("RootDeviceName") or "/dev/xvda")


def _capital(options: Props) -> dict[str, Any]:
    """Return options by EC2's words, which begin with a capital."""
    return {name[0].upper() + name[1:]: value for name, value in options.items()}


def _metadata(options: dict[str, Any]) -> Props:
    """Return the options as the input; nothing where an emulator tells none."""
    words = {name[0].upper() + name[1:]: name for name in METADATA}
    told = {words[word]: value for word, value in options.items() if word in words}
    return {"metadataOptions": told} if told else {}


def _switches(cloud: Cloud, found: Props) -> Props:
    """Return what is on and off, as the inputs."""
    told = cloud.client("ec2").describe_instance_attribute(
        InstanceId=found["InstanceId"], Attribute="disableApiTermination"
    )
    return {
        "monitoring": found.get("Monitoring", {}).get("State") in {"enabled", "pending"},
        "ebsOptimized": found.get("EbsOptimized", False),
        "disableApiTermination": told.get("DisableApiTermination", {}).get("Value", False),
    }


def _user_data(cloud: Cloud, instance_id: str) -> Props:
    """Return the user data as the input; nothing where it is empty, or an emulator forgets it."""
    told = cloud.client("ec2").describe_instance_attribute(
        InstanceId=instance_id, Attribute="userData"
    )
    encoded = told.get("UserData", {}).get("Value")
    return {"userData": base64.b64decode(encoded).decode(errors="replace")} if encoded else {}


def _root(found: Props) -> tuple[Props, str]:
    """Return the mapping of an instance's root disk, and the disk's id."""
    for mapping in found.get("BlockDeviceMappings", ()):
        if mapping["DeviceName"] == found.get("RootDeviceName"):
            return mapping["Ebs"], mapping["Ebs"]["VolumeId"]
    return {}, ""


def _own_disks(found: Props) -> list[str]:
    """Return the disks that end with an instance."""
    mapped = (mapping.get("Ebs", {}) for mapping in found.get("BlockDeviceMappings", ()))
    return [disk["VolumeId"] for disk in mapped if disk.get("DeleteOnTermination")]


def _root_disk(cloud: Cloud, found: Props) -> Props | None:
    """Return the root disk as an input gives it."""
    mapping, disk = _root(found)
    volume = ec2_volume.find(cloud, disk) if disk else None
    if volume is None:
        return None
    told = {
        "deleteOnTermination": mapping.get("DeleteOnTermination"),
        "encrypted": volume.get("Encrypted"),
        "kmsKeyId": volume.get("KmsKeyId"),
        "volumeSize": volume.get("Size"),
        "volumeType": volume.get("VolumeType"),
        "iops": volume.get("Iops"),
        "throughput": volume.get("Throughput"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _as_volume(disk: Props) -> Props:
    """Return a root disk by the words of a volume."""
    words = {"size": "volumeSize", "type": "volumeType", "iops": "iops", "throughput": "throughput"}
    return {word: disk[name] for word, name in words.items() if name in disk}


def _change_profile(cloud: Cloud, instance_id: str, profile: str | None) -> None:
    """Give an instance another profile, or none."""
    client = cloud.client("ec2")
    mine = [{"Name": "instance-id", "Values": [instance_id]}]
    held = client.describe_iam_instance_profile_associations(Filters=mine)
    current = [
        a["AssociationId"]
        for a in held["IamInstanceProfileAssociations"]
        if a["State"] in {"associated", "associating"}
    ]
    if profile is None:
        for association in current:
            client.disassociate_iam_instance_profile(AssociationId=association)
    elif current:
        client.replace_iam_instance_profile_association(
            AssociationId=current[0], IamInstanceProfile={"Name": profile}
        )
    else:
        client.associate_iam_instance_profile(
            InstanceId=instance_id, IamInstanceProfile={"Name": profile}
        )


def _while_stopped(cloud: Cloud, instance_id: str, change: Callable[[], None]) -> None:
    """Make a change that EC2 takes of a stopped instance only."""
    client = cloud.client("ec2")
    client.stop_instances(InstanceIds=[instance_id])
    _wait_for(cloud, instance_id, "stopped")
    try:
        change()
    finally:
        client.start_instances(InstanceIds=[instance_id])
    _wait_for(cloud, instance_id, "running")


def _set(client: Any, instance_id: str, differing: set[str], new: Props) -> None:  # noqa: ANN401
    if "instanceType" in differing:
        client.modify_instance_attribute(
            InstanceId=instance_id, InstanceType={"Value": new["instanceType"]}
        )
    if "userData" in differing:
        client.modify_instance_attribute(
            InstanceId=instance_id, UserData={"Value": new.get("userData", "").encode()}
        )
