"""What a VPC comes with or surrounds its subnets with: the default group, network ACLs."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import Any, ClassVar

from infra.local.provider import ec2, validators
from infra.local.provider.cloud import Cloud, Refused, gone_is_fine
from infra.local.provider.ec2_network import STILL_USED
from infra.local.provider.naming import tag_map
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.values import Plain, Props, is_known

LAST_RULE = 32767
"""The number of the entry that denies all else; EC2 makes it, and nobody can change it."""

NUMBERS = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58", "all": "-1"}
"""Protocols by IANA's numbers, as EC2 stores them."""

WITH_PORTS = {"6", "17"}


def _is_empty(value: list[Plain]) -> str | None:
    return "only an empty list is covered by the embedded AWS provider" if value else None


class DefaultSecurityGroup(ec2.Ec2Type):
    """The group that a VPC is born with: taken over and emptied, left empty when let go."""

    type_name = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    inputs: ClassVar[Inputs] = {
        "vpcId": Property(required=True, replaces=True),
        "ingress": Property(list, default=[], check=_is_empty),
        "egress": Property(list, default=[], check=_is_empty),
        "revokeRulesOnDelete": Property(bool, default=False),
    }
    outputs = ("arn", "description", "name", "ownerId")
    unique = ("vpcId",)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Find it: EC2 makes it with the VPC.

        Raises
        ------
        Refused
            The VPC has none.
        """
        filters = [
            {"Name": "vpc-id", "Values": [given["vpcId"]]},
            {"Name": "group-name", "Values": ["default"]},
        ]
        client = cloud.client("ec2")
        groups = client.describe_security_groups(Filters=filters)["SecurityGroups"]
        if not groups:
            message = f"{given['vpcId']} has no default security group"
            raise Refused(message)
        return str(groups[0]["GroupId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Empty it, and let it carry the tags."""
        self._empty(cloud, resource_id)
        ec2.retag(cloud, resource_id, {}, given["tagsAll"])

    def _empty(self, cloud: Cloud, resource_id: str) -> None:
        client = cloud.client("ec2")
        group = client.describe_security_groups(GroupIds=[resource_id])["SecurityGroups"][0]
        if rules := group.get("IpPermissions"):
            client.revoke_security_group_ingress(GroupId=resource_id, IpPermissions=rules)
        if rules := group.get("IpPermissionsEgress"):
            client.revoke_security_group_egress(GroupId=resource_id, IpPermissions=rules)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the group; any rule in it is not what was asked for."""
        client = cloud.client("ec2")
        group = ec2.one(
            lambda: client.describe_security_groups(GroupIds=[resource_id])["SecurityGroups"]
        )
        if group is None:
            return None
        owner = group.get("OwnerId") or ec2.account(cloud)
        return {
            "id": resource_id,
            "vpcId": group["VpcId"],
            "ingress": [_told_rule(rule) for rule in group.get("IpPermissions", ())],
            "egress": [_told_rule(rule) for rule in group.get("IpPermissionsEgress", ())],
            "name": group["GroupName"],
            "description": group["Description"],
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "security-group", resource_id),
            "tagsAll": tag_map(group.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Empty it again."""
        self._empty(cloud, resource_id)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Leave it as it is: EC2 removes it with the VPC, and nobody else can."""


def _told_rule(rule: Props) -> Props:
    """Return a rule in short, for people who look at the drift."""
    peers = [r["CidrIp"] for r in rule.get("IpRanges", ())]
    ports = {"fromPort": rule.get("FromPort", 0), "toPort": rule.get("ToPort", 0)}
    return {"protocol": rule["IpProtocol"], **ports, "cidrBlocks": peers}


def _number(protocol: Plain) -> str:
    return NUMBERS.get(str(protocol).lower(), str(protocol))


def _same_protocol(old: Plain, new: Plain) -> bool:
    return _number(old) == _number(new)


ENTRY = {
    "ruleNo": Property(int, required=True, check=validators.within(1, LAST_RULE - 1)),
    "action": Property(required=True, check=validators.one_of("allow", "deny")),
    "protocol": Property(required=True, same=_same_protocol),
    "fromPort": Property(int, required=True, check=validators.port),
    "toPort": Property(int, required=True, check=validators.port),
    "cidrBlock": Property(check=validators.any_network),
    "ipv6CidrBlock": Property(check=validators.any_network6),
}


class NetworkAcl(ec2.Ec2Type):
    """A wall around subnets, with its entries."""

    type_name = "aws:ec2/networkAcl:NetworkAcl"
    inputs: ClassVar[Inputs] = {
        "vpcId": Property(required=True, replaces=True),
        "subnetIds": Property(list, computed=True, same=validators.same_members),
        "ingress": Property(list, default=[], shape=ENTRY, by="ruleNo"),
        "egress": Property(list, default=[], shape=ENTRY, by="ruleNo"),
    }
    outputs = ("arn", "ownerId")
    forgotten = frozenset({"subnetIds", "ingress", "egress"})

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge each entry's network, and the entries' numbers, of which none may be twice."""
        for direction in ("ingress", "egress"):
            entries = given.get(direction)
            if not is_known(entries):
                continue
            numbers = [entry["ruleNo"] for entry in entries or ()]
            if len(set(numbers)) < len(numbers):
                yield Fault(direction, "two entries have the same ruleNo")
            for place, entry in enumerate(entries or ()):
                if len({"cidrBlock", "ipv6CidrBlock"} & entry.keys()) != 1:
                    reason = "give exactly one of cidrBlock, ipv6CidrBlock"
                    yield Fault(f"{direction}[{place}].cidrBlock", reason)

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; entries and subnets come afterwards."""
        made = cloud.client("ec2").create_network_acl(
            VpcId=given["vpcId"], **ec2.tagged("network-acl", given["tagsAll"])
        )
        return str(made["NetworkAcl"]["NetworkAclId"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Write its entries, then put it around the subnets."""
        acl = cloud.appeared(resource_id, lambda: _find(cloud, resource_id))
        for direction in ("ingress", "egress"):
            _write(cloud, acl, direction, given[direction])
        if "subnetIds" in given:
            _surround(cloud, acl, given["subnetIds"])

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Write entries and subnets again."""
        self.settle(cloud, resource_id, new)

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the wall without the entry that nobody made."""
        acl = _find(cloud, resource_id)
        if acl is None:
            return None
        owner = acl.get("OwnerId") or ec2.account(cloud)
        subnets = [a["SubnetId"] for a in acl.get("Associations", ()) if a.get("SubnetId")]
        return {
            "id": resource_id,
            "vpcId": acl["VpcId"],
            "subnetIds": subnets,
            "ingress": [_told_entry(e) for e in _entries(acl, "ingress").values()],
            "egress": [_told_entry(e) for e in _entries(acl, "egress").values()],
            "ownerId": owner,
            "arn": ec2.arn(cloud, owner, "network-acl", resource_id),
            "tagsAll": tag_map(acl.get("Tags")),
        }

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Give its subnets back to the VPC's own wall, and remove it."""
        acl = _find(cloud, resource_id)
        if acl is None:
            return
        _surround(cloud, acl, [])
        client = cloud.client("ec2")
        with gone_is_fine():
            cloud.insist(lambda: client.delete_network_acl(NetworkAclId=resource_id), *STILL_USED)


def _find(cloud: Cloud, acl_id: str) -> Props | None:
    client = cloud.client("ec2")
    return ec2.one(lambda: client.describe_network_acls(NetworkAclIds=[acl_id])["NetworkAcls"])


def _entries(acl: Props, direction: str) -> dict[int, Props]:
    """Return one direction's entries by number, without the last."""
    egress = direction == "egress"
    entries = (e for e in acl.get("Entries", ()) if e["Egress"] is egress)
    return {e["RuleNumber"]: e for e in entries if e["RuleNumber"] < LAST_RULE}


def _told_entry(entry: Props) -> Props:
    words = {"cidrBlock": "CidrBlock", "ipv6CidrBlock": "Ipv6CidrBlock"}
    ports = entry.get("PortRange") or {}
    return {
        "ruleNo": entry["RuleNumber"],
        "action": entry["RuleAction"],
        "protocol": entry["Protocol"],
        "fromPort": ports.get("From", 0),
        "toPort": ports.get("To", 0),
        **{name: entry[word] for name, word in words.items() if entry.get(word)},
    }


def _asked_entry(given: Props) -> dict[str, Any]:
    protocol = _number(given["protocol"])
    words = {"CidrBlock": "cidrBlock", "Ipv6CidrBlock": "ipv6CidrBlock"}
    ports = {"PortRange": {"From": given["fromPort"], "To": given["toPort"]}}
    return {
        "RuleNumber": given["ruleNo"],
        "RuleAction": given["action"],
        "Protocol": protocol,
        **(ports if protocol in WITH_PORTS else {}),
        **{word: given[name] for word, name in words.items() if name in given},
    }


def _write(cloud: Cloud, acl: Props, direction: str, wanted: list[Props]) -> None:
    """Let a wall have exactly these entries in one direction."""
    client, held = cloud.client("ec2"), _entries(acl, direction)
    which = {"NetworkAclId": acl["NetworkAclId"], "Egress": direction == "egress"}
    for number in held.keys() - {entry["ruleNo"] for entry in wanted}:
        client.delete_network_acl_entry(**which, RuleNumber=number)
    for entry in wanted:
        there = entry["ruleNo"] in held
        put = client.replace_network_acl_entry if there else client.create_network_acl_entry
        put(**which, **_asked_entry(entry))


def _surround(cloud: Cloud, acl: Props, subnets: list[str]) -> None:
    """Put a wall around exactly these subnets; those that it loses get the VPC's own."""
    client, acl_id = cloud.client("ec2"), acl["NetworkAclId"]
    here = [{"Name": "vpc-id", "Values": [acl["VpcId"]]}]
    walls = client.describe_network_acls(Filters=here)["NetworkAcls"]
    default = next((w["NetworkAclId"] for w in walls if w["IsDefault"]), None)
    # An emulator that keeps no subnets of a wall has nothing to move.
    for held in (a for wall in walls for a in wall.get("Associations", ())):
        inside, wanted = held["NetworkAclId"] == acl_id, held.get("SubnetId") in subnets
        if inside != wanted:
            client.replace_network_acl_association(
                AssociationId=held["NetworkAclAssociationId"],
                NetworkAclId=acl_id if wanted else default,
            )
