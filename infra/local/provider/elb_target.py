"""What a load balancer sends requests to: target groups, and the hosts in them."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import elb, validators
from infra.local.provider.cloud import Cloud, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Props

PROTOCOLS = ("HTTP", "HTTPS")
GOING = {"draining", "unused.deregistration"}
NOT_HERE = "Target.NotRegistered"
DELAY = "deregistration_delay.timeout_seconds"

HEALTH = {
    "enabled": (bool, "HealthCheckEnabled"),
    "protocol": (str, "HealthCheckProtocol"),
    "port": (str, "HealthCheckPort"),
    "path": (str, "HealthCheckPath"),
    "interval": (int, "HealthCheckIntervalSeconds"),
    "timeout": (int, "HealthCheckTimeoutSeconds"),
    "healthyThreshold": (int, "HealthyThresholdCount"),
    "unhealthyThreshold": (int, "UnhealthyThresholdCount"),
}
"""Inputs of a health check with their kinds and the service's words; `matcher` is nested there."""

CHECK = {
    **{name: Property(kind, computed=True) for name, (kind, _) in HEALTH.items()},
    "matcher": Property(
        computed=True, check=validators.matches(r"\d{3}([,-]\d{3})*", "200 or 200-299")
    ),
}


class TargetGroup(elb.ElbType):
    """A group of hosts, and how their health is checked."""

    type_name = "aws:lb/targetGroup:TargetGroup"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=elb.elb_name),
        "vpcId": Property(required=True, replaces=True),
        "port": Property(int, required=True, replaces=True, check=validators.within(1, 65535)),
        "protocol": Property(required=True, replaces=True, check=validators.one_of(*PROTOCOLS)),
        "targetType": Property(
            replaces=True, default="instance", check=validators.one_of("instance", "ip")
        ),
        "deregistrationDelay": Property(int, default=300, check=validators.within(0, 3600)),
        "healthCheck": Property(dict, computed=True, shape=CHECK),
    }
    outputs = ("arn", "arnSuffix", "loadBalancerArns")
    unique = ("name",)
    auto_name = AutoName("name", elb.NAME_LIMIT)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        made = cloud.client("elbv2").create_target_group(
            Name=given["name"],
            VpcId=given["vpcId"],
            Port=given["port"],
            Protocol=given["protocol"],
            TargetType=given["targetType"],
            **_asked(given.get("healthCheck", {})),
            **elb.tagged(given["tagsAll"]),
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Set how long a host that leaves may finish its requests."""
        cloud.client("elbv2").modify_target_group_attributes(
            TargetGroupArn=resource_id,
            Attributes=[{"Key": DELAY, "Value": str(given["deregistrationDelay"])}],
        )

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read group, attributes and tags: three requests."""
        client = cloud.client("elbv2")
        found = elb.one(
            lambda: client.describe_target_groups(TargetGroupArns=[resource_id])["TargetGroups"]
        )
        if found is None:
            return None
        told = client.describe_target_group_attributes(TargetGroupArn=resource_id)["Attributes"]
        held = {pair["Key"]: pair["Value"] for pair in told}
        return {
            "id": resource_id,
            "name": found["TargetGroupName"],
            "vpcId": found["VpcId"],
            "port": found["Port"],
            "protocol": found["Protocol"],
            "targetType": found["TargetType"],
            "deregistrationDelay": int(held.get(DELAY, 300)),
            "healthCheck": _told(found),
            "arn": resource_id,
            "arnSuffix": elb.suffix(resource_id),
            "loadBalancerArns": found.get("LoadBalancerArns", []),
            "tagsAll": elb.tags_of(cloud, resource_id),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set health check and delay."""
        if "healthCheck" in new:
            cloud.client("elbv2").modify_target_group(
                TargetGroupArn=resource_id, **_asked(new["healthCheck"])
            )
        self.settle(cloud, resource_id, new)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it once no listener sends to it."""
        client = cloud.client("elbv2")
        cloud.insist(lambda: client.delete_target_group(TargetGroupArn=resource_id), "InUse")


def _asked(check: Props) -> dict[str, Any]:
    asked = {word: check[name] for name, (_, word) in HEALTH.items() if name in check}
    return {**asked, **({"Matcher": {"HttpCode": check["matcher"]}} if "matcher" in check else {})}


def _told(found: Props) -> Props:
    told = {name: found[word] for name, (_, word) in HEALTH.items() if word in found}
    return {**told, "matcher": found.get("Matcher", {}).get("HttpCode", "")}


class TargetGroupAttachment(ResourceType):
    """A host in a group; its id is `<group's ARN>,<target>,<port>`, as for an import."""

    type_name = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
    inputs: ClassVar[Inputs] = {
        "targetGroupArn": Property(required=True, replaces=True, check=validators.arn),
        "targetId": Property(required=True, replaces=True),
        "port": Property(int, computed=True, replaces=True, check=validators.within(1, 65535)),
    }
    unique = ("targetGroupArn", "targetId")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Register the host, which must have started."""
        client = cloud.client("elbv2")
        port = {"Port": given["port"]} if "port" in given else {}
        target = {"Id": given["targetId"], **port}
        cloud.insist(
            lambda: client.register_targets(
                TargetGroupArn=given["targetGroupArn"], Targets=[target]
            ),
            "InvalidTarget",
        )
        return ",".join(map(str, [given["targetGroupArn"], *target.values()]))

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Find the host among the group's."""
        group, target = _parts(resource_id)
        try:
            told = cloud.client("elbv2").describe_target_health(TargetGroupArn=group)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        for found in told["TargetHealthDescriptions"]:
            health = found.get("TargetHealth", {})
            if health.get("State") in GOING or health.get("Reason") == NOT_HERE:
                continue
            if target.items() <= found["Target"].items():
                return {
                    "id": resource_id,
                    "targetGroupArn": group,
                    "targetId": found["Target"]["Id"],
                    "port": found["Target"].get("Port"),
                }
        return None

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Take the host out."""
        if self.read(cloud, resource_id, known) is None:
            return
        group, target = _parts(resource_id)
        cloud.client("elbv2").deregister_targets(TargetGroupArn=group, Targets=[target])


def _parts(resource_id: str) -> tuple[str, Props]:
    """Return the group of an attachment's id, and the target as the service writes it."""
    group, _, rest = resource_id.partition(",")
    target, _, port = rest.partition(",")
    return group, {"Id": target, **({"Port": int(port)} if port else {})}
