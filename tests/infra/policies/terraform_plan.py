"""Writes declared resources as a Terraform plan, the form that other people's judges read."""

import re

TYPES = {
    "cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "ebs/encryptionByDefault:EncryptionByDefault": "aws_ebs_encryption_by_default",
    "ebs/volume:Volume": "aws_ebs_volume",
    "ec2/volumeAttachment:VolumeAttachment": "aws_volume_attachment",
    "ecr/lifecyclePolicy:LifecyclePolicy": "aws_ecr_lifecycle_policy",
    "ecr/repository:Repository": "aws_ecr_repository",
    "lb/loadBalancer:LoadBalancer": "aws_lb",
    "s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
}
"""Where Terraform's name does not follow from Pulumi's."""

PREFIXED = ("iam", "kms", "lb", "s3", "ssm")
"""Modules whose name is a part of Terraform's: `aws:kms/key:Key` is `aws_kms_key`."""

SINGULAR = {
    "default_actions": "default_action",
    "encryption_configurations": "encryption_configuration",
    "rules": "rule",
}
"""Blocks that Pulumi names as a list."""

MAPS = ("tags", "variables")
"""Properties that are maps and no blocks."""


def snake(name):
    """Return a camelCase name as Terraform writes it."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def terraform_type(token):
    """Return Terraform's type for one of Pulumi's."""
    path = token.removeprefix("aws:")
    if path in TYPES:
        return TYPES[path]
    module, _, name = path.partition("/")
    kind = snake(name.partition(":")[2])
    return f"aws_{module}_{kind}" if module in PREFIXED else f"aws_{kind}"


def values(props):
    """Return properties with Terraform's names; what is a block there is in a list."""
    return {_block(name, value): _value(snake(name), value) for name, value in props.items()}


def _block(name, value):
    is_blocks = isinstance(value, list) and any(isinstance(item, dict) for item in value)
    return SINGULAR.get(snake(name), snake(name)) if is_blocks else snake(name)


def _value(name, value):
    if isinstance(value, dict):
        return value if name in MAPS else [values(value)]
    if isinstance(value, list):
        return [values(item) if isinstance(item, dict) else item for item in value]
    return value


def plan(declared):
    """Return a plan that creates the declared resources, with who refers to whom."""
    address = {r.key: f"{terraform_type(r.type)}.{_label(r.name)}" for r in declared}
    resources = [
        {
            "address": address[r.key],
            "mode": "managed",
            "type": terraform_type(r.type),
            "name": _label(r.name),
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "values": values(r.props),
        }
        for r in declared
    ]
    changes = [
        {**resource, "change": {"actions": ["create"], "before": None, "after": resource["values"]}}
        for resource in resources
    ]
    configured = [
        {
            **{key: resource[key] for key in ("address", "mode", "type", "name")},
            "expressions": {
                snake(path): {
                    "references": [
                        text
                        for key in sorted(keys & address.keys())
                        for text in (f"{address[key]}.id", address[key])
                    ]
                }
                for path, keys in r.refs.items()
                if keys & address.keys()
            },
        }
        for r, resource in zip(declared, resources, strict=True)
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }


def _label(name):
    """Return a name that Terraform takes: addresses have no dots inside."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
