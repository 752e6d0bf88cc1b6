"""Where resources of a stack may be left: one question to AWS a kind of resource."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.access import Clients

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Stack:
    """Whose resources are looked for, by the tags and names that the program gives."""

    project: str
    name: str

    @property
    def tags(self) -> Tags:
        """Return the tags by which the stack's resources are known."""
        return {"project": self.project, "stack": self.name}

    @property
    def prefix(self) -> str:
        """Return what generated names begin with."""
        return f"{self.project}-{self.name}"

    @property
    def path(self) -> str:
        """Return what names of parameters and log groups begin with."""
        return f"/{self.project}/{self.name}/"


@dataclass(frozen=True)
class Found:
    """One thing that is there; `going` tells why it is no leftover: AWS removes it by itself."""

    kind: str
    id: str
    going: str = ""


Finder = Callable[[Clients, Stack], Iterator[Found]]

EC2: Mapping[str, tuple[str, str, str]] = {
    "volume": ("describe_volumes", "Volumes", "VolumeId"),
    "elastic-ip": ("describe_addresses", "Addresses", "AllocationId"),
    "nat-gateway": ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    "vpc-endpoint": ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    "network-interface": ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    "key-pair": ("describe_key_pairs", "KeyPairs", "KeyName"),
    "flow-log": ("describe_flow_logs", "FlowLogs", "FlowLogId"),
    "snapshot": ("describe_snapshots", "Snapshots", "SnapshotId"),
    "security-group": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "network-acl": ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    "route-table": ("describe_route_tables", "RouteTables", "RouteTableId"),
    "internet-gateway": ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "subnet": ("describe_subnets", "Subnets", "SubnetId"),
    "vpc": ("describe_vpcs", "Vpcs", "VpcId"),
}
"""Operation, key of its answer and id of each kind that EC2 lists by tag."""

GONE = {"deleted", "terminated"}
"""States of what EC2 still shows for an hour."""

GOING = {"deleting", "shutting-down"}


def instances(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield hosts that are not terminated."""
    asked = {"Filters": _filters(stack)}
    for reservation in _pages(make("ec2"), "describe_instances", "Reservations", **asked):
        for instance in reservation["Instances"]:
            yield from _by_state("instance", instance["InstanceId"], instance["State"]["Name"])


def network(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield everything else that EC2 lists by tag."""
    client = make("ec2")
    for kind, (operation, key, name) in EC2.items():
        # One operation calls it otherwise.
        asked: dict[str, Any] = {"Filter" if kind == "flow-log" else "Filters": _filters(stack)}
        if kind == "snapshot":
            asked["OwnerIds"] = ["self"]
        for item in _pages(client, operation, key, **asked):
            # An emulator may filter less than it was asked to.
            if not stack.tags.items() <= _map(item.get("Tags", ())).items():
                continue
            yield from _by_state(kind, item[name], str(item.get("State", "")).lower())


def _by_state(kind: str, found: str, state: str) -> Iterator[Found]:
    if state not in GONE:
        yield Found(kind, found, f"AWS removes it: {state}" if state in GOING else "")


def _filters(stack: Stack) -> list[dict[str, Any]]:
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in stack.tags.items()]


def buckets(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield buckets."""
    client = make("s3")
    for bucket in client.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(stack.prefix) and _is_of(stack, _bucket_tags(client, name)):
            yield Found("bucket", name)


def _bucket_tags(client: Any, name: str) -> Tags:  # noqa: ANN401
    try:
        return _map(client.get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}


def repositories(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield image repositories."""
    client = make("ecr")
    for found in _pages(client, "describe_repositories", "repositories"):
        name, arn = found["repositoryName"], found["repositoryArn"]
        if name.startswith(stack.prefix):
            tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
            if _is_of(stack, _map(tags)):
                yield Found("repository", name)


def identities(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield roles and instance profiles."""
    client = make("iam")
    for role in _pages(client, "list_roles", "Roles"):
        name = role["RoleName"]
        if name.startswith(stack.prefix):
            tags = client.list_role_tags(RoleName=name)["Tags"]
            if _is_of(stack, _map(tags)):
                yield Found("role", name)
    for profile in _pages(client, "list_instance_profiles", "InstanceProfiles"):
        name = profile["InstanceProfileName"]
        if name.startswith(stack.prefix):
            tags = client.list_instance_profile_tags(InstanceProfileName=name)["Tags"]
            if _is_of(stack, _map(tags)):
                yield Found("instance-profile", name)


def parameters(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield parameters: the stack's own path, tags or not."""
    asked = {"Path": stack.path, "Recursive": True}
    for found in _pages(make("ssm"), "get_parameters_by_path", "Parameters", **asked):
        yield Found("parameter", found["Name"])


def log_groups(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield log groups: AWS itself makes some again, without tags, under the same name."""
    asked = {"logGroupNamePrefix": stack.path}
    for found in _pages(make("logs"), "describe_log_groups", "logGroups", **asked):
        yield Found("log-group", found["logGroupName"])


def keys(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield encryption keys and their names; AWS keeps a deleted key for its waiting time."""
    client = make("kms")
    for alias in _pages(client, "list_aliases", "Aliases"):
        if alias["AliasName"] == f"alias/{stack.prefix}":
            yield Found("key-alias", alias["AliasName"])
    for listed in _pages(client, "list_keys", "Keys"):
        key = client.describe_key(KeyId=listed["KeyId"])["KeyMetadata"]
        if key.get("KeyManager") == "AWS":
            continue
        tags = client.list_resource_tags(KeyId=key["KeyId"])["Tags"]
        named = {tag["TagKey"]: tag["TagValue"] for tag in tags}
        if stack.tags.items() <= named.items():
            yield Found("key", key["KeyId"], _end_of(key))


def _end_of(key: Mapping[str, Any]) -> str:
    """Return until when AWS keeps a deleted key; it costs nothing meanwhile."""
    if key.get("KeyState") != "PendingDeletion":
        return ""
    return f"AWS deletes it on {key['DeletionDate']:%Y-%m-%d}"


def balancers(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield load balancers and target groups; their listeners go with them."""
    client = make("elbv2")
    listed = [
        ("load-balancer", found["LoadBalancerArn"])
        for found in _pages(client, "describe_load_balancers", "LoadBalancers")
    ] + [
        ("target-group", found["TargetGroupArn"])
        for found in _pages(client, "describe_target_groups", "TargetGroups")
    ]
    for kind, arn in listed:
        (described,) = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
        if stack.tags.items() <= _map(described["Tags"]).items():
            yield Found(kind, arn)


def others(make: Clients, stack: Stack) -> Iterator[Found]:
    """Yield what carries the tags in services that are not asked themselves."""
    tags = [{"Key": key, "Values": [value]} for key, value in stack.tags.items()]
    client = make("resourcegroupstaggingapi")
    for found in _pages(client, "get_resources", "ResourceTagMappingList", TagFilters=tags):
        service = found["ResourceARN"].split(":")[2]
        if service not in ASKED:
            yield Found(service, found["ResourceARN"])


def _is_of(stack: Stack, tags: Tags) -> bool:
    """Tell whether something with the stack's prefix is its own: another stack's is tagged so."""
    return all(tags.get(key, value) == value for key, value in stack.tags.items())


def _map(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}


def _pages(client: Any, operation: str, key: str, **asked: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the items of all pages of an answer."""
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(**asked)[key]
        return
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page[key]


FINDERS: Mapping[str, Finder] = {
    "hosts": instances,
    "network and volumes": network,
    "buckets": buckets,
    "image repositories": repositories,
    "roles": identities,
    "parameters": parameters,
    "log groups": log_groups,
    "encryption keys": keys,
    "load balancers": balancers,
}

ASKED = {"ec2", "s3", "ecr", "iam", "ssm", "logs", "kms", "elasticloadbalancing"}
"""Services that the finders ask: they know better than the tags' index, which lags by hours."""
