"""Load balancers, and what their parts share: tags, being found by ARN."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Callable
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from infra.local.provider import naming, validators
from infra.local.provider.cloud import Cloud, Refused, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Plain, Props

NAME_LIMIT = 32

elb_name = validators.matches(
    r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    "app-edge (1 to 32 of letters, digits and hyphens, none at its ends)",
)


def one(call: Callable[[], list[Props]]) -> Props | None:
    """Return the one thing that a request describes, or None where there is none."""
    try:
        found = call()
    except ClientError as error:
        if is_gone(error):
            return None
        raise
    return found[0] if found else None


def suffix(arn: str) -> str:
    """Return the end of an ARN, by which CloudWatch knows a balancer or a target group."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


class ElbType(ResourceType):
    """A type with tags; its id is its ARN."""

    tagged = True

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("elbv2")
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.remove_tags(ResourceArns=[resource_id], TagKeys=stale)
        if tags:
            client.add_tags(ResourceArns=[resource_id], Tags=naming.tag_list(tags))


def tags_of(cloud: Cloud, arn: str) -> dict[str, str]:
    """Return the tags of a balancer, a target group or a listener."""
    told = cloud.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return naming.tag_map(told[0]["Tags"]) if told else {}


def tagged(tags: dict[str, str]) -> dict[str, Any]:
    """Return the argument that tags what a request makes: an empty list is refused."""
    return {"Tags": naming.tag_list(tags)} if tags else {}


ATTRIBUTES = {
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
}
"""Inputs that the service keeps as texts by names of their own."""

LOG_KINDS = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}

LOG = {
    "bucket": Property(required=True, check=validators.bucket_name),
    "prefix": Property(default=""),
    "enabled": Property(bool, default=False),
}


class LoadBalancer(ElbType):
    """A load balancer for HTTP and HTTPS."""

    type_name = "aws:lb/loadBalancer:LoadBalancer"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=elb_name),
        "loadBalancerType": Property(
            replaces=True, default="application", check=validators.one_of("application")
        ),
        "internal": Property(bool, replaces=True, default=False),
        "subnets": Property(
            list,
            required=True,
            same=validators.same_members,
            check=lambda given: None if len(given) > 1 else "must be subnets of two zones or more",
        ),
        "securityGroups": Property(list, computed=True, same=validators.same_members),
        "ipAddressType": Property(computed=True, check=validators.one_of("ipv4", "dualstack")),
        "desyncMitigationMode": Property(
            default="defensive", check=validators.one_of("monitor", "defensive", "strictest")
        ),
        "dropInvalidHeaderFields": Property(bool, default=False),
        "enableDeletionProtection": Property(bool, default=False),
        "enableHttp2": Property(bool, default=True),
        "idleTimeout": Property(int, default=60, check=validators.within(1, 4000)),
        **{name: Property(dict, computed=True, shape=LOG) for name in LOG_KINDS},
    }
    outputs = ("arn", "arnSuffix", "dnsName", "vpcId", "zoneId")
    unique = ("name",)
    auto_name = AutoName("name", NAME_LIMIT)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; what it is told by attributes follows."""
        words = {"SecurityGroups": "securityGroups", "IpAddressType": "ipAddressType"}
        asked = {word: given[name] for word, name in words.items() if name in given}
        client = cloud.client("elbv2")
        made = cloud.insist(
            lambda: client.create_load_balancer(
                Name=given["name"],
                Type=given["loadBalancerType"],
                Scheme="internal" if given["internal"] else "internet-facing",
                Subnets=given["subnets"],
                **asked,
                **tagged(given["tagsAll"]),
            ),
            "SubnetNotFound",
            "InvalidSecurityGroup",
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Set its attributes, and wait until it balances."""
        self._set(cloud, resource_id, _asked(given))

        def ready() -> bool:
            found = _balancer(cloud, resource_id) or {}
            state = found.get("State", {}).get("Code")
            if state == "failed":
                message = f"{resource_id} failed: {found['State'].get('Reason')}"
                raise Refused(message)
            return bool(state in {"active", "active_impaired"})

        cloud.wait(f"{resource_id} to be active", ready)

    def _set(self, cloud: Cloud, resource_id: str, asked: dict[str, str]) -> None:
        # The service tries whether it may write to the bucket, whose policy may be young.
        client = cloud.client("elbv2")
        listed = [{"Key": key, "Value": value} for key, value in asked.items()]
        cloud.insist(
            lambda: client.modify_load_balancer_attributes(
                LoadBalancerArn=resource_id, Attributes=listed
            ),
            "Access Denied for bucket",
        )

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read balancer, attributes and tags: three requests."""
        found = _balancer(cloud, resource_id)
        if found is None:
            return None
        told = cloud.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=resource_id)
        held = {pair["Key"]: pair["Value"] for pair in told["Attributes"]}
        return {
            "id": resource_id,
            "name": found["LoadBalancerName"],
            "loadBalancerType": found["Type"],
            "internal": found.get("Scheme") == "internal",
            "subnets": [zone["SubnetId"] for zone in found["AvailabilityZones"]],
            "securityGroups": found.get("SecurityGroups", []),
            "ipAddressType": found.get("IpAddressType"),
            **_told(held),
            "arn": resource_id,
            "arnSuffix": suffix(resource_id),
            "dnsName": found["DNSName"],
            "vpcId": found["VpcId"],
            "zoneId": found["CanonicalHostedZoneId"],
            "tagsAll": tags_of(cloud, resource_id),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set what differs: subnets, groups, addresses, attributes."""
        client, which = cloud.client("elbv2"), {"LoadBalancerArn": resource_id}
        if set(new["subnets"]) != set(old.get("subnets", ())):
            client.set_subnets(**which, Subnets=new["subnets"])
        groups = new.get("securityGroups")
        if groups and set(groups) != set(old.get("securityGroups", ())):
            client.set_security_groups(**which, SecurityGroups=groups)
        if new.get("ipAddressType", old.get("ipAddressType")) != old.get("ipAddressType"):
            client.set_ip_address_type(**which, IpAddressType=new["ipAddressType"])
        self._set(cloud, resource_id, _asked(new))

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it.

        Raises
        ------
        Refused
            It is protected: the service refuses then, and the emulators do not.
        """
        now = self.read(cloud, resource_id, known)
        if now and now.get("enableDeletionProtection"):
            message = "it is protected: set enableDeletionProtection to false, update, then remove"
            raise Refused(message)
        cloud.client("elbv2").delete_load_balancer(LoadBalancerArn=resource_id)
        cloud.wait(f"{resource_id} to be gone", lambda: _balancer(cloud, resource_id) is None)


def _balancer(cloud: Cloud, arn: str) -> Props | None:
    client = cloud.client("elbv2")
    return one(lambda: client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"])


def _text(value: Plain) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _asked(given: Props) -> dict[str, str]:
    """Return the attributes that inputs stand for."""
    asked = {word: _text(given[name]) for name, word in ATTRIBUTES.items()}
    for name, word in LOG_KINDS.items():
        log = given.get(name)
        if log is None:
            continue
        asked[f"{word}.enabled"] = _text(log["enabled"])
        if log["enabled"]:
            asked |= {f"{word}.bucket": log["bucket"], f"{word}.prefix": log["prefix"]}
    return asked


def _told(held: dict[str, str]) -> Props:
    """Return the inputs that attributes stand for; nothing of those that are not told."""
    told: Props = {}
    for name, word in ATTRIBUTES.items():
        if word in held:
            told[name] = _value(LoadBalancer.inputs[name].kind, held[word])
    for name, word in LOG_KINDS.items():
        enabled = held.get(f"{word}.enabled") == "true"
        if enabled or held.get(f"{word}.bucket"):
            where = {part: held.get(f"{word}.{part}", "") for part in ("bucket", "prefix")}
            told[name] = {**where, "enabled": enabled}
    return told


def _value(kind: type, text: str) -> Plain:
    return text == "true" if kind is bool else kind(text)
