"""Rules of who may do what: policies, roles' trust, and keys."""

from collections.abc import Iterator
from typing import Any

from infra.policies.declared import (
    Declared,
    Finding,
    Stack,
    expect,
    is_,
    is_given,
    listed,
    statements,
)

ROLE = "aws:iam/role:Role"
KEY = "aws:kms/key:Key"
POLICIES = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

RESOURCELESS = frozenset({"ecr:GetAuthorizationToken", "logs:DescribeLogGroups"})
"""Actions for which AWS knows no narrower resource than all."""

SERVICES_FOR_OTHERS = ("vpc-flow-logs.amazonaws.com", "delivery.logs.amazonaws.com")
"""Services that act for any account: they must name the one that they act for."""

DELETION_WINDOW_DAYS = 30


def rights_are_few(stack: Stack) -> Iterator[Finding]:
    """Row 27: a policy names its actions and its resources; nobody is an administrator."""
    for policy in stack.of(*POLICIES):
        for statement in statements(policy.at("policy")):
            if statement.get("Effect") == "Allow":
                yield from _too_wide(policy, statement)
    for attachment in stack.of(ATTACHMENT):
        if str(attachment.at("policyArn")).endswith(("/AdministratorAccess", "/PowerUserAccess")):
            yield Finding(attachment, "gives all rights", "write down what is needed")


def _too_wide(policy: Declared, statement: dict[str, Any]) -> Iterator[Finding]:
    where = f"statement {statement.get('Sid', '')!r}"
    actions = listed(statement.get("Action"))
    wild = [action for action in actions if "*" in action]
    if wild or "NotAction" in statement:
        yield Finding(policy, f"{where} allows {', '.join(wild)}", "name each action")
    if "*" in listed(statement.get("Resource")) and not RESOURCELESS.issuperset(actions):
        yield Finding(
            policy,
            f"{where} allows {', '.join(actions)} on every resource",
            "name this stack's resource",
        )


def trust_names_the_account(stack: Stack) -> Iterator[Finding]:
    """Row 28: a service that acts for any account may take the role for this one only."""
    for role in stack.of(ROLE):
        for statement in statements(role.at("assumeRolePolicy")):
            principal = statement.get("Principal")
            if principal in ("*", {"AWS": "*"}):
                yield Finding(role, "lets everybody take it", "name who may")
            elif isinstance(principal, dict) and _acts_for_others(principal):
                named = _condition_keys(statement)
                if not named & {"aws:sourceaccount", "aws:sourcearn"}:
                    yield Finding(
                        role,
                        f"trusts {principal['Service']} for any account",
                        "add a condition on aws:SourceAccount",
                    )


def _acts_for_others(principal: dict[str, Any]) -> bool:
    return any(name in SERVICES_FOR_OTHERS for name in listed(principal.get("Service")))


def _condition_keys(statement: dict[str, Any]) -> set[str]:
    condition = statement.get("Condition", {})
    return {key.lower() for operator in condition.values() for key in operator}


def keys_rotate(stack: Stack) -> Iterator[Finding]:
    """Row 29: a key is renewed each year, deleted late, and has a policy of its own."""
    for key in stack.of(KEY):
        yield from expect(
            key,
            "enableKeyRotation",
            is_(True),
            "set enable_key_rotation=True",
        )
        yield from expect(
            key,
            "deletionWindowInDays",
            is_(DELETION_WINDOW_DAYS),
            f"set deletion_window_in_days={DELETION_WINDOW_DAYS}",
        )
        yield from expect(key, "policy", is_given, "say who may use it")
        for statement in statements(key.at("policy")):
            everybody = statement.get("Principal") in ("*", {"AWS": "*"})
            if statement.get("Effect") == "Allow" and everybody and not _condition_keys(statement):
                yield Finding(key, "lets everybody use it", "name the account or the service")
