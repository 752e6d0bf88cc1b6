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
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
)


def inventory(endpoint):
    """Return (kind, name) of all that exists, without what AWS is about to remove."""
    ec2 = client("ec2", endpoint)
    found = {
        (member, item[name])
        for operation, member, name in EC2
        for item in getattr(ec2, operation)()[member]
        if item.get("State") not in ENDED
    }
    for service, operation, member, name in OTHERS:
        answer = getattr(client(service, endpoint), operation)()
        found |= {(member, item[name]) for item in answer[member]}
    return found | _instances(ec2) | _keys(client("kms", endpoint))


def _instances(ec2):
    reservations = ec2.describe_instances()["Reservations"]
    return {
        ("Instances", instance["InstanceId"])
        for reservation in reservations
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in ENDED
    }


def _keys(kms):
    """Return keys and their names; a key that waits for its end is on its way out."""
    keys = {
        ("Keys", key["KeyId"])
        for key in kms.list_keys()["Keys"]
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
    }
    return keys | {("Aliases", alias["AliasName"]) for alias in kms.list_aliases()["Aliases"]}
