"""The host: one EC2 instance with a data volume of its own, and a fixed address if it is public."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

DATA_DEVICE = "/dev/sdf"
ROOT_VOLUME_GB = 16


def debian_parameter(architecture: str) -> str:
    """Return the public SSM parameter that names Debian 13's newest image."""
    return f"/aws/service/debian/release/13/latest/{architecture}"


@dataclass(frozen=True)
class HostArgs:
    """What a host is made of."""

    instance_type: str
    ami_parameter: str
    subnet_id: pulumi.Input[str]
    zone: str
    security_group_id: pulumi.Input[str]
    profile: pulumi.Input[str]
    user_data: Callable[[pulumi.Input[str]], pulumi.Input[str]]
    """Makes the user data from the id of the data volume."""
    data_volume_gb: int
    key_arn: pulumi.Input[str]
    public: bool
    protect: bool
    ssh_public_key: str | None = None


class Host(pulumi.ComponentResource):
    """Instance, key pair when a key is given, data volume, and Elastic IP if it is public.

    `address` is the Elastic IP, or the address within the VPC of a host that has none.
    """

    instance_id: pulumi.Output[str]
    address: pulumi.Output[str]
    attached: pulumi.Resource

    def __init__(
        self,
        name: str,
        args: HostArgs,
        invoke: pulumi.InvokeOptions,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("pulumi-mlops:infra:Host", name, None, opts)
        volume = aws.ebs.Volume(
            f"{name}-data",
            availability_zone=args.zone,
            size=args.data_volume_gb,
            type="gp3",
            encrypted=True,
            kms_key_id=args.key_arn,
            tags={"Name": f"{name}-data"},
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        instance = self._instance(name, args, volume.id, invoke)
        self.attached = aws.ec2.VolumeAttachment(
            f"{name}-data",
            device_name=DATA_DEVICE,
            instance_id=instance.id,
            volume_id=volume.id,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.instance_id = instance.id
        self.address = self._elastic_ip(name, instance) if args.public else instance.private_ip
        self.register_outputs({"instance_id": instance.id, "address": self.address})

    def _elastic_ip(self, name: str, instance: aws.ec2.Instance) -> pulumi.Output[str]:
        """Declare the fixed address; it survives the instance, and is known before it."""
        inside = pulumi.ResourceOptions(parent=self)
        address = aws.ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=inside)
        aws.ec2.EipAssociation(name, allocation_id=address.id, instance_id=instance.id, opts=inside)
        return pulumi.Output.from_input(address.public_ip)

    def _instance(
        self,
        name: str,
        args: HostArgs,
        volume: pulumi.Input[str],
        invoke: pulumi.InvokeOptions,
    ) -> aws.ec2.Instance:
        """Declare the instance; a new image of the system is no reason to replace it."""
        image = aws.ssm.get_parameter_output(name=args.ami_parameter, opts=invoke)
        return aws.ec2.Instance(
            name,
            ami=image.value,
            instance_type=args.instance_type,
            subnet_id=args.subnet_id,
            associate_public_ip_address=False,
            vpc_security_group_ids=[args.security_group_id],
            iam_instance_profile=args.profile,
            key_name=self._key(name, args.ssh_public_key),
            user_data=args.user_data(volume),
            user_data_replace_on_change=True,
            # Two hops: containers reach the role's credentials through the host.
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 2,
            },
            root_block_device={
                "encrypted": True,
                "kms_key_id": args.key_arn,
                "volume_type": "gp3",
                "volume_size": ROOT_VOLUME_GB,
                "delete_on_termination": True,
            },
            monitoring=True,
            ebs_optimized=True,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(
                parent=self,
                # The data volume and the address can be with one host at a time.
                delete_before_replace=True,
                # An Elastic IP is read back as a public address that the instance asked for.
                ignore_changes=["ami", "associate_public_ip_address"],
            ),
        )

    def _key(self, name: str, public_key: str | None) -> pulumi.Input[str] | None:
        """Declare the key pair when a key is given."""
        if public_key is None:
            return None
        inside = pulumi.ResourceOptions(parent=self)
        key: aws.ec2.KeyPair = aws.ec2.KeyPair(name, public_key=public_key, opts=inside)
        return pulumi.Output.from_input(key.key_name)
