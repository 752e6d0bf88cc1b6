"""Roles, what they may do, and the profiles that hand them to instances."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

import json
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import unquote

from botocore.exceptions import ClientError

from infra.local.provider import naming, validators
from infra.local.provider.cloud import Cloud, Refused, gone_is_fine, is_gone
from infra.local.provider.properties import Inputs, Property
from infra.local.provider.resource import AutoName, ResourceType
from infra.local.provider.values import Props


def _found(call: Callable[[], Props]) -> Props | None:
    try:
        return call()
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def _text(document: object) -> str:
    """Return a policy as text: botocore decodes it, some emulators leave it encoded."""
    return unquote(document) if isinstance(document, str) else json.dumps(document)


class Role(ResourceType):
    """A role; its id is its name."""

    type_name = "aws:iam/role:Role"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=validators.role_name),
        "assumeRolePolicy": Property(
            required=True, check=validators.policy, same=validators.same_json
        ),
        "description": Property(),
        "path": Property(replaces=True, default="/", check=validators.iam_path),
        "maxSessionDuration": Property(int, default=3600, check=validators.within(3600, 43200)),
        "forceDetachPolicies": Property(bool, default=False),
    }
    outputs = ("arn", "createDate", "uniqueId")
    unique = ("name",)
    auto_name = AutoName("name", 64)
    tagged = True
    regional = False

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        cloud.client("iam").create_role(
            RoleName=given["name"],
            AssumeRolePolicyDocument=given["assumeRolePolicy"],
            Path=given["path"],
            Description=given.get("description", ""),
            MaxSessionDuration=given["maxSessionDuration"],
            Tags=naming.tag_list(given["tagsAll"]),
        )
        return str(given["name"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the role and its tags."""
        client = cloud.client("iam")
        told = _found(lambda: client.get_role(RoleName=resource_id))
        if told is None:
            return None
        role = told["Role"]
        return {
            "id": resource_id,
            "name": resource_id,
            "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "path": role["Path"],
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "tagsAll": naming.tag_map(role.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set who may take it on, its description and its longest session."""
        client = cloud.client("iam")
        if not validators.same_json(old["assumeRolePolicy"], new["assumeRolePolicy"]):
            client.update_assume_role_policy(
                RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"]
            )
        client.update_role(
            RoleName=resource_id,
            Description=new.get("description", ""),
            MaxSessionDuration=new["maxSessionDuration"],
        )

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("iam")
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.untag_role(RoleName=resource_id, TagKeys=stale)
        if tags:
            client.tag_role(RoleName=resource_id, Tags=naming.tag_list(tags))

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it once nothing hangs on it."""
        client = cloud.client("iam")
        if known.get("forceDetachPolicies"):
            for held in client.list_attached_role_policies(RoleName=resource_id)[
                "AttachedPolicies"
            ]:
                client.detach_role_policy(RoleName=resource_id, PolicyArn=held["PolicyArn"])
            for name in client.list_role_policies(RoleName=resource_id)["PolicyNames"]:
                client.delete_role_policy(RoleName=resource_id, PolicyName=name)
        cloud.insist(lambda: client.delete_role(RoleName=resource_id), "DeleteConflict")


class RolePolicy(ResourceType):
    """A policy inside a role; its id is `<role>:<name>`."""

    type_name = "aws:iam/rolePolicy:RolePolicy"
    inputs: ClassVar[Inputs] = {
        "role": Property(required=True, replaces=True),
        "name": Property(replaces=True, check=validators.policy_name),
        "policy": Property(required=True, check=validators.policy, same=validators.same_json),
    }
    unique = ("role", "name")
    auto_name = AutoName("name", 128)
    regional = False

    def create(self, cloud: Cloud, given: Props) -> str:
        """Put it once the role can be seen."""
        client = cloud.client("iam")
        cloud.insist(
            lambda: client.put_role_policy(
                RoleName=given["role"], PolicyName=given["name"], PolicyDocument=given["policy"]
            ),
            "NoSuchEntity",
        )
        return f"{given['role']}:{given['name']}"

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read it."""
        role, name = _pair(resource_id, ":")
        client = cloud.client("iam")
        told = _found(lambda: client.get_role_policy(RoleName=role, PolicyName=name))
        if told is None:
            return None
        policy = _text(told["PolicyDocument"])
        return {"id": resource_id, "role": role, "name": name, "policy": policy}

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Put it again."""
        self.create(cloud, new)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        role, name = _pair(resource_id, ":")
        cloud.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(ResourceType):
    """A managed policy of a role; its id is `<role>/<policy's ARN>`, as for an import."""

    type_name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    inputs: ClassVar[Inputs] = {
        "role": Property(required=True, replaces=True),
        "policyArn": Property(required=True, replaces=True, check=validators.arn),
    }
    unique = ("role", "policyArn")
    regional = False

    def create(self, cloud: Cloud, given: Props) -> str:
        """Attach it once the role can be seen."""
        client = cloud.client("iam")
        cloud.insist(
            lambda: client.attach_role_policy(RoleName=given["role"], PolicyArn=given["policyArn"]),
            "NoSuchEntity",
        )
        return f"{given['role']}/{given['policyArn']}"

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read whether the role has it."""
        role, arn = _pair(resource_id, "/")
        pages = cloud.client("iam").get_paginator("list_attached_role_policies")
        held = _found(lambda: pages.paginate(RoleName=role).build_full_result())
        arns = [policy["PolicyArn"] for policy in (held or {}).get("AttachedPolicies", ())]
        return {"id": resource_id, "role": role, "policyArn": arn} if arn in arns else None

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Detach it."""
        role, arn = _pair(resource_id, "/")
        cloud.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


def _pair(resource_id: str, sign: str) -> tuple[str, str]:
    """Return both parts of an id.

    Raises
    ------
    Refused
        The id has another form.
    """
    first, found, second = resource_id.partition(sign)
    if not found:
        message = f"{resource_id!r}: the id must be ROLE{sign}POLICY"
        raise Refused(message)
    return first, second


class InstanceProfile(ResourceType):
    """What hands a role to instances; its id is its name."""

    type_name = "aws:iam/instanceProfile:InstanceProfile"
    inputs: ClassVar[Inputs] = {
        "name": Property(replaces=True, check=validators.policy_name),
        "role": Property(),
        "path": Property(replaces=True, default="/", check=validators.iam_path),
    }
    outputs = ("arn", "createDate", "uniqueId")
    unique = ("name",)
    auto_name = AutoName("name", 128)
    tagged = True
    regional = False

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it; its role is added afterwards."""
        cloud.client("iam").create_instance_profile(
            InstanceProfileName=given["name"],
            Path=given["path"],
            Tags=naming.tag_list(given["tagsAll"]),
        )
        return str(given["name"])

    def settle(self, cloud: Cloud, resource_id: str, given: Props) -> None:
        """Add its role."""
        if "role" in given:
            client = cloud.client("iam")
            cloud.insist(
                lambda: client.add_role_to_instance_profile(
                    InstanceProfileName=resource_id, RoleName=given["role"]
                ),
                "NoSuchEntity",
            )

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read the profile, its role and its tags."""
        client = cloud.client("iam")
        told = _found(lambda: client.get_instance_profile(InstanceProfileName=resource_id))
        if told is None:
            return None
        profile = told["InstanceProfile"]
        return {
            "id": resource_id,
            "name": resource_id,
            "role": next((role["RoleName"] for role in profile["Roles"]), ""),
            "path": profile["Path"],
            "arn": profile["Arn"],
            "uniqueId": profile["InstanceProfileId"],
            "createDate": profile["CreateDate"].isoformat(),
            "tagsAll": naming.tag_map(profile.get("Tags")),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Give it another role; it holds one at a time."""
        if old.get("role") != new.get("role"):
            self._empty(cloud, resource_id)
            self.settle(cloud, resource_id, new)

    def _empty(self, cloud: Cloud, resource_id: str) -> None:
        client = cloud.client("iam")
        told = client.get_instance_profile(InstanceProfileName=resource_id)
        for role in told["InstanceProfile"]["Roles"]:
            with gone_is_fine():
                client.remove_role_from_instance_profile(
                    InstanceProfileName=resource_id, RoleName=role["RoleName"]
                )

    def tag(self, cloud: Cloud, resource_id: str, old: Props, tags: dict[str, str]) -> None:
        """Let it carry exactly these tags."""
        client = cloud.client("iam")
        if stale := [key for key in old.get("tagsAll", {}) if key not in tags]:
            client.untag_instance_profile(InstanceProfileName=resource_id, TagKeys=stale)
        if tags:
            listed = naming.tag_list(tags)
            client.tag_instance_profile(InstanceProfileName=resource_id, Tags=listed)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Take its role out and remove it."""
        self._empty(cloud, resource_id)
        cloud.client("iam").delete_instance_profile(InstanceProfileName=resource_id)
