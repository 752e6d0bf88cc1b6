"""Rules of the host: its address, metadata service, disks, role and user data."""

import re
from collections.abc import Iterator

from infra.policies.declared import Finding, Stack, expect, is_, is_given

INSTANCE = "aws:ec2/instance:Instance"
VOLUME = "aws:ebs/volume:Volume"
ADDRESS = "aws:ec2/eip:Eip"
ADDRESS_OF = "aws:ec2/eipAssociation:EipAssociation"
BY_DEFAULT = "aws:ebs/encryptionByDefault:EncryptionByDefault"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
PARAMETER = "aws:ssm/parameter:Parameter"

SESSION_MANAGER = "policy/AmazonSSMManagedInstanceCore"
SECRETS = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password": re.compile(
        r"(?i)(password|passwd|secret|token)[\"']?\s*[=:]\s*[\"']?(?![$<{\"'/ ])[\w+/=-]{8,}"
    ),
}
MAX_HOPS = 2


def instance_is_private(stack: Stack) -> Iterator[Finding]:
    """Row 8: the host has no address of its own on the internet."""
    for instance in stack.of(INSTANCE):
        yield from expect(
            instance,
            "associatePublicIpAddress",
            is_(False),
            "set associate_public_ip_address=False and put a load balancer before it",
        )
        for link in stack.about(instance, "instanceId", ADDRESS_OF):
            yield Finding(link, "gives the host a public address", "use the load balancer")
        for address in stack.about(instance, "instance", ADDRESS):
            yield Finding(address, "gives the host a public address", "use the load balancer")


def metadata_needs_a_token(stack: Stack) -> Iterator[Finding]:
    """Row 10: credentials of the role are not given to a forged request (IMDSv2)."""
    for instance in stack.of(INSTANCE):
        yield from expect(
            instance, "metadataOptions.httpTokens", is_("required"), "set http_tokens='required'"
        )
        yield from expect(
            instance,
            "metadataOptions.httpPutResponseHopLimit",
            lambda hops: hops is None or 1 <= int(hops) <= MAX_HOPS,
            "1 for the host, 2 where containers use its role",
        )


def volumes_are_encrypted(stack: Stack) -> Iterator[Finding]:
    """Row 11: a disk that leaves the data centre tells nothing."""
    for instance in stack.of(INSTANCE):
        yield from expect(
            instance,
            "rootBlockDevice.encrypted",
            is_(True),
            "set encrypted=True",
        )
        yield from expect(
            instance,
            "rootBlockDevice.deleteOnTermination",
            lambda value: value is not False,
            "let the system disk go with its host: data has a volume of its own",
        )
        yield from expect(instance, "rootBlockDevice.kmsKeyId", is_given, "set kms_key_id")
    for volume in stack.of(VOLUME):
        yield from expect(volume, "encrypted", is_(True), "set encrypted=True")
        yield from expect(volume, "kmsKeyId", is_given, "set kms_key_id")


def encryption_by_default_is_on(stack: Stack) -> Iterator[Finding]:
    """Row 12: an account's default, where a stack sets it, is on."""
    for default in stack.of(BY_DEFAULT):
        yield from expect(default, "enabled", lambda value: value is not False, "set enabled=True")


def instance_is_watched(stack: Stack) -> Iterator[Finding]:
    """Row 13: a metric a minute, and a disk bandwidth of its own."""
    for instance in stack.of(INSTANCE):
        yield from expect(instance, "monitoring", is_(True), "set monitoring=True")
        yield from expect(
            instance,
            "ebsOptimized",
            is_(True),
            "set ebs_optimized=True",
        )


def instance_has_a_role(stack: Stack) -> Iterator[Finding]:
    """Row 14: the host has a role; nobody has keys that never end."""
    for instance in stack.of(INSTANCE):
        yield from expect(instance, "iamInstanceProfile", is_given, "give it the profile of a role")
    for key in stack.of(ACCESS_KEY):
        yield Finding(key, "is a key that never ends", "use a role")


def shell_is_by_session_manager(stack: Stack) -> Iterator[Finding]:
    """Row 15: operators come by SSM: no port, no key, every session in CloudTrail."""
    granted = [str(a.at("policyArn")) for a in stack.of(ATTACHMENT)]
    if any(arn.endswith(SESSION_MANAGER) for arn in granted):
        return
    for instance in stack.of(INSTANCE):
        yield Finding(
            instance,
            "its role lacks AmazonSSMManagedInstanceCore",
            "attach it with a RolePolicyAttachment",
        )


def no_secret_in_user_data(stack: Stack) -> Iterator[Finding]:
    """Row 16: user data is readable by whoever may describe instances: it holds no secret."""
    kept = [
        value
        for parameter in stack.of(PARAMETER)
        if isinstance(value := parameter.at("value"), str) and parameter.at("type") != "String"
    ]
    for instance in stack.of(INSTANCE):
        text = instance.at("userData")
        if not isinstance(text, str):
            continue
        found = [name for name, pattern in SECRETS.items() if pattern.search(text)]
        if any(value and value in text for value in kept):
            found.append("the value of an SSM parameter")
        if found:
            yield Finding(
                instance,
                f"userData holds {', '.join(found)}",
                "keep it as a SecureString and read it at boot",
            )


def secrets_are_secure_strings(stack: Stack) -> Iterator[Finding]:
    """Row 16: what the host reads as a secret lies encrypted in SSM."""
    for parameter in stack.of(PARAMETER):
        if re.search(r"(?i)password|secret|token|key", str(parameter.at("name"))):
            yield from expect(parameter, "type", is_("SecureString"), "set type='SecureString'")
            yield from expect(parameter, "keyId", is_given, "set key_id")
