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
        ("instance-is-private", "EC2.9", "CKV_AWS_88"),
        ("dev",),
        "without a load balancer the host has the public address, with the proxy's port open",
    ),
    WrittenException(
        ("aws-is-reached-privately", "EC2.10", "CIS 6.8"),
        ("dev",),
        "eight interface endpoints cost more than the host: AWS is reached over TLS",
    ),
    WrittenException(
        ("balancer-stands-before-the-host",), ("dev",), "a load balancer costs more than the host"
    ),
    WrittenException(
        ("S3.17", "CKV_AWS_145"),
        ALWAYS,
        "S3 and load balancers deliver logs only to a bucket that S3 encrypts with its own key",
        resource="-logs",
    ),
    WrittenException(
        ("S3.7", "CKV_AWS_144"),
        ALWAYS,
        "models are trained again within minutes: a copy in a second region is not worth its price",
    ),
    WrittenException(
        ("CKV_AWS_260",),
        ("dev",),
        "with a domain, a certificate authority asks port 80 from addresses nobody announces",
    ),
    WrittenException(
        ("S3.9", "CKV_AWS_18"),
        ALWAYS,
        "each delivered log would be an access to log, without end",
        resource="-logs",
    ),
    WrittenException(
        ("CKV2_AWS_28",),
        ("hardened",),
        "the load balancer admits allowedCidr, not the internet; a web firewall comes by the month",
    ),
    WrittenException(
        ("S3.20", "CIS 3.1.2"), ALWAYS, "only the root user can set MFA delete, which no stack is"
    ),
    WrittenException(
        ("EC2.28", "CKV2_AWS_9"),
        ALWAYS,
        "the data volume's backup plan is the account's: this stack declares none",
    ),
    WrittenException(("S3.15",), ALWAYS, "old artifacts must be deletable: no object lock"),
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
