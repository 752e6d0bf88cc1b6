"""Security groups and their rules, one resource a rule."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import Any, ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.ec2_network import STILL_USED
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.resource import AutoName
from infra.local.provider.values import Props, is_known

SOURCES = ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId")
ALL = "-1"


class SecurityGroup(ec2.Ec2Type):
    """A security group without rules: also without the one that EC2 gives it."""

    type_name = "aws:ec2/securityGroup:SecurityGroup"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=validators.group_name),
        "description": Property(
            replaces=True, default="Managed by Pulumi", check=validators.rule_description
        ),
        "vpcId": Property(computed=True, replaces=True),
        "revokeRulesOnDelete": Property(bool, default=False),
    }
    outputs = ("arn", "ownerId")
    unique = ("name", "vpcId")
    auto_name = AutoName("name", 255)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        vpc = {"VpcId": given["vpcId"]} if "vpcId" in given else {}
        made = cloud.client("ec2").create_security_group(
            GroupName=given["name"],
            Description=given["description"],
            **vpc,
            **ec2.tagged("security-group", given["tagsAll"]),
        )
        return str(made["GroupId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Take away EC2's rule that lets everything out: what is open is declared."""
        client = cloud.client("ec2")
        group = cloud.insist(
            lambda: client.describe_security_groups(GroupIds=[resource_id]),
            "InvalidGroup.NotFound",
        )["SecurityGroups"][0]
        if group.get("IpPermissionsEgress"):
            client.revoke_security_group_egress(
                GroupId=resource_id, IpPermissions=group["IpPermissionsEgress"]
            )

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the group without its rules."""
        client = cloud.client("ec2")
        group = ec2.one(
            lambda: client.describe_security_groups(GroupIds=[resource_id])["SecurityGroups"]
        )
        if group is None:
            return None
        owner = group.get("OwnerId") or ec2.account(cloud)
        return {
            "id": resource_id,
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId", ""),
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "security-group", resource_id),
            "tagsAll": tag_map(group.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it once nothing uses it."""
        client = cloud.client("ec2")
        cloud.insist(lambda: client.delete_security_group(GroupId=resource_id), *STILL_USED)


class Rule(ec2.Ec2Type):
    """One rule of a security group."""

    inputs: ClassVar[Inputs] = {
        "securityGroupId": Property(required=True, replaces=True),
        "ipProtocol": Property(
            required=True, check=validators.one_of("tcp", "udp", "icmp", "icmpv6", ALL)
        ),
        "fromPort": Property(int, check=validators.port),
        "toPort": Property(int, check=validators.port),
        "cidrIpv4": Property(check=validators.any_network),
        "cidrIpv6": Property(check=validators.any_network6),
        "referencedSecurityGroupId": Property(),
        "prefixListId": Property(),
        "description": Property(check=validators.rule_description),
    }
    outputs = ("arn", "securityGroupRuleId")
    forgotten = frozenset({"description", "prefixListId"})
    egress: ClassVar[bool]

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge the one peer and the range of ports."""
        if len([name for name in SOURCES if name in given]) != 1:
            yield Fault(SOURCES[0], f"give exactly one of {', '.join(SOURCES)}")
        if not is_known([given["ipProtocol"], given.get("fromPort"), given.get("toPort")]):
            return
        if given["ipProtocol"] == ALL:
            for name in {"fromPort", "toPort"} & given.keys():
                yield Fault(name, "must not be given: ipProtocol -1 is every port")
            return
        for name in sorted({"fromPort", "toPort"} - given.keys()):
            yield Fault(name, f"is required for ipProtocol {given['ipProtocol']}")
        low, high = given.get("fromPort", 0), given.get("toPort", 65535)
        if given["ipProtocol"] in {"tcp", "udp"} and not 0 <= low <= high:
            yield Fault("toPort", f"{high}: must not be below fromPort {low}, nor that below 0")

    def create(self, cloud: Cloud, given: Props) -> str:
        """Authorise it once its group can be seen."""
        client = cloud.client("ec2")
        authorise = (
            client.authorize_security_group_egress
            if self.egress
            else client.authorize_security_group_ingress
        )
        made = cloud.insist(
            lambda: authorise(
                GroupId=given["securityGroupId"],
                IpPermissions=[_permission(given)],
                **ec2.tagged("security-group-rule", given["tagsAll"]),
            ),
            "InvalidGroup.NotFound",
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the rule."""
        client = cloud.client("ec2")
        rule = ec2.one(
            lambda: client.describe_security_group_rules(SecurityGroupRuleIds=[resource_id])[
                "SecurityGroupRules"
            ]
        )
        if rule is None or rule["IsEgress"] is not self.egress:
            return None
        owner = rule.get("GroupOwnerId") or ec2.account(cloud)
        everything = rule["IpProtocol"] == ALL
        return {
            "id": resource_id,
            "securityGroupRuleId": resource_id,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": None if everything else rule.get("FromPort"),
            "toPort": None if everything else rule.get("ToPort"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "prefixListId": rule.get("PrefixListId", ""),
            "description": rule.get("Description", ""),
            "arn": ec2.arn(cloud, owner, "security-group-rule", resource_id),
            "tagsAll": tag_map(rule.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Change everything but the group."""
        cloud.client("ec2").modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[
                {"SecurityGroupRuleId": resource_id, "SecurityGroupRule": _request(new)}
            ],
        )

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Revoke it."""
        now = self.read(cloud, resource_id, known)
        if now is None:
            return
        client = cloud.client("ec2")
        revoke = (
            client.revoke_security_group_egress
            if self.egress
            else client.revoke_security_group_ingress
        )
        revoke(GroupId=now["securityGroupId"], SecurityGroupRuleIds=[resource_id])


class IngressRule(Rule):
    """What may come in."""

    type_name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    egress = False


class EgressRule(Rule):
    """What may go out."""

    type_name = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    egress = True


def _permission(given: Props) -> dict[str, Any]:
    """Return a rule as authorising takes it."""
    ports = {"FromPort": given["fromPort"], "ToPort": given["toPort"]} if "toPort" in given else {}
    told = {"Description": given["description"]} if given.get("description") else {}
    if "cidrIpv4" in given:
        peer = {"IpRanges": [{"CidrIp": given["cidrIpv4"], **told}]}
    elif "cidrIpv6" in given:
        peer = {"Ipv6Ranges": [{"CidrIpv6": given["cidrIpv6"], **told}]}
    elif "prefixListId" in given:
        peer = {"PrefixListIds": [{"PrefixListId": given["prefixListId"], **told}]}
    else:
        peer = {"UserIdGroupPairs": [{"GroupId": given["referencedSecurityGroupId"], **told}]}
    return {"IpProtocol": given["ipProtocol"], **ports, **peer}


def _request(given: Props) -> dict[str, Any]:
    """Return a rule as modifying takes it."""
    words = {
        "IpProtocol": "ipProtocol",
        "FromPort": "fromPort",
        "ToPort": "toPort",
        "CidrIpv4": "cidrIpv4",
        "CidrIpv6": "cidrIpv6",
        "ReferencedGroupId": "referencedSecurityGroupId",
        "PrefixListId": "prefixListId",
        "Description": "description",
    }
    return {word: given[name] for word, name in words.items() if name in given}
