"""The written exceptions: what a profile does not keep, and why. There are no others."""

from dataclasses import dataclass

from infra.settings import Profile

ALWAYS: tuple[Profile, ...] = ("dev", "hardened")


@dataclass(frozen=True)
class WrittenException:
    """What is not kept: a rule of ours by its name, or one of others by its id."""

    of: tuple[str, ...]
    profiles: tuple[Profile, ...]
    reason: str
    resource: str = ""
    """End of the name of the only resource that is meant; empty for all."""


EXCEPTIONS = (
    WrittenException(
        (
            "instance-is-private",
            "EC2.9",
            "CKV_AWS_88",
            "ec2_instance_public_ip",
            "ec2_instance_internet_facing_with_instance_profile",
            "vpc_subnet_separate_private_public",
        ),
        ("dev",),
        "without a load balancer the host has the public address, with the proxy's port open",
    ),
    WrittenException(
        ("aws-is-reached-privately", "EC2.10", "CIS 6.8", "vpc_endpoint_for_ec2_enabled"),
        ("dev",),
        "eight interface endpoints cost more than the host: AWS is reached over TLS",
    ),
    WrittenException(
        ("balancer-stands-before-the-host",), ("dev",), "a load balancer costs more than the host"
    ),
    WrittenException(
        ("S3.17", "CKV_AWS_145", "s3_bucket_kms_encryption"),
        ALWAYS,
        "S3 and load balancers deliver logs only to a bucket that S3 encrypts with its own key",
        resource="-logs",
    ),
    WrittenException(
        ("S3.7", "CKV_AWS_144", "s3_bucket_cross_region_replication"),
        ALWAYS,
        "models are trained again within minutes: a copy in a second region is not worth its price",
    ),
    WrittenException(
        ("CKV_AWS_260",),
        ("dev",),
        "with a domain, a certificate authority asks port 80 from addresses nobody announces",
    ),
    WrittenException(
        ("S3.9", "CKV_AWS_18", "s3_bucket_server_access_logging_enabled"),
        ALWAYS,
        "each delivered log would be an access to log, without end",
        resource="-logs",
    ),
    WrittenException(
        ("CKV2_AWS_28", "elbv2_waf_acl_attached"),
        ("hardened",),
        "the load balancer admits allowedCidr, not the internet; a web firewall comes by the month",
    ),
    WrittenException(
        ("S3.20", "CIS 3.1.2", "s3_bucket_no_mfa_delete"),
        ALWAYS,
        "only the root user can set MFA delete, which no stack is",
    ),
    WrittenException(
        (
            "EC2.28",
            "CKV2_AWS_9",
            "ec2_ebs_volume_protected_by_backup_plan",
            "ec2_ebs_volume_snapshots_exists",
        ),
        ALWAYS,
        "the data volume's backup plan is the account's: this stack declares none",
    ),
    WrittenException(
        ("S3.15", "s3_bucket_object_lock"),
        ALWAYS,
        "old artifacts must be deletable: no object lock",
    ),
    WrittenException(
        (
            "ec2_networkacl_allow_ingress_any_port",
            "ec2_networkacl_allow_ingress_tcp_port_22",
            "ec2_networkacl_allow_ingress_tcp_port_3389",
        ),
        ALWAYS,
        "AWS makes a default list with each VPC; it guards no subnet, as all have the stack's own",
        resource="default",
    ),
    WrittenException(
        ("iam_role_cross_service_confused_deputy_prevention",),
        ALWAYS,
        "a role can be passed to an instance of its own account only: EC2 is nobody else's deputy",
        resource="-host",
    ),
    WrittenException(
        ("vpc_endpoint_multi_az_enabled",),
        ("hardened",),
        "each zone of an endpoint costs again, and the host is in one",
    ),
    WrittenException(
        ("vpc_endpoint_connections_trust_boundaries",),
        ("hardened",),
        "the host's role bounds what it may do, and the NAT gateway is a way to AWS all the same",
    ),
    WrittenException(
        ("elbv2_listener_fips_tls_enabled",),
        ("hardened",),
        "validated modules (FIPS 140) are asked of US agencies: no client here has to have them",
    ),
)


def written(name: str, profile: Profile, resource: str = "") -> WrittenException | None:
    """Return the exception that takes a rule out for a profile, if there is one.

    Parameters
    ----------
    name
        A rule's name, or the id that others give it.
    profile
        What is judged.
    resource
        Name of the resource that it is about; empty for the rule as a whole.
    """
    for exception in EXCEPTIONS:
        meant = name in exception.of and profile in exception.profiles
        if meant and resource.endswith(exception.resource):
            return exception
    return None
