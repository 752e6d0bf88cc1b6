"""Everything that an account has, kind by kind, so that what a stack leaves behind shows."""

from tests.e2e.rehearsal import client

ENDED = {"terminated", "shutting-down", "deleted", "deleting"}

EC2 = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_volumes", "Volumes", "VolumeId"),
    ("describe_key_pairs", "KeyPairs", "KeyName"),
)

OTHERS = (
    ("ecr", "describe_repositories", "repositories", "repositoryName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
)


OF_AWS = ("/aws/", "alias/aws/")
"""Beginnings of what AWS itself publishes; moto makes its parameters up when first asked."""


def inventory(endpoint):
    """Return (kind, name) of all that exists, without what AWS is about to remove."""
    ec2 = client("ec2", endpoint)
    vpcs = {vpc["VpcId"] for vpc in _all(ec2, "describe_vpcs", "Vpcs")}
    found = {
        (member, item[name])
        for operation, member, name in EC2
        for item in _all(ec2, operation, member)
        if item.get("State") not in ENDED and not _is_ghost(member, item, vpcs)
    }
    for service, operation, member, name in OTHERS:
        listed = _all(client(service, endpoint), operation, member)
        found |= {(member, item[name]) for item in listed if not item[name].startswith(OF_AWS)}
    return found | _instances(ec2) | _keys(client("kms", endpoint))


def _is_ghost(member, item, vpcs):
    """Tell whether moto forgot to remove it along with what it was made along with.

    No program can make or remove a VPC's default ACL, nor the interface of an instance or a NAT
    gateway by itself.
    """
    made_along = item.get("IsDefault") or member == "NetworkInterfaces"
    return made_along and item.get("VpcId") not in vpcs


def _all(service, operation, member):
    if service.can_paginate(operation):
        return service.get_paginator(operation).paginate().build_full_result()[member]
    return getattr(service, operation)()[member]


def _instances(ec2):
    return {
        ("Instances", instance["InstanceId"])
        for reservation in _all(ec2, "describe_instances", "Reservations")
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in ENDED
    }


def _keys(kms):
    """Return the keys; one that waits for its end is on its way out."""
    return {
        ("Keys", key["KeyId"])
        for key in _all(kms, "list_keys", "Keys")
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
    }
