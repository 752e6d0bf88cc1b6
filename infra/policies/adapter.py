"""The rules as a Pulumi policy pack: the engine's resources in, violations out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    Secret,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from infra.policies.declared import UNKNOWN, Declared, Stack
from infra.policies.exceptions import written
from infra.policies.rules import RULES, Rule
from infra.settings import Profile


def serve() -> None:
    """Answer the engine until it ends this process."""
    PolicyPack(
        name="pulumi-mlops-security",
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[policy(rule) for rule in RULES],
    )


def policy(rule: Rule) -> StackValidationPolicy:
    """Return a rule in Pulumi's form; all are about a whole stack, the engine asks them last."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        profile = profile_of(args.resources)
        if exception := written(rule.name, profile):
            args.not_applicable(exception.reason)
        for finding in rule.check(Stack(map(declared, args.resources))):
            report(str(finding), finding.resource.key)

    return StackValidationPolicy(
        name=rule.name,
        description=f"{rule.description} ({', '.join(rule.ids)})",
        validate=validate,
    )


def profile_of(resources: Sequence[PolicyResource]) -> Profile:
    """Return the profile that the stack's tags name; the strict one where they name none."""
    for resource in resources:
        if resource.provider is not None:
            tags = json.loads(plain(resource.provider.props).get("defaultTags") or "{}")
            if tags.get("tags", {}).get("profile") == "dev":
                return "dev"
    return "hardened"


def declared(resource: PolicyResource) -> Declared:
    """Return a resource of the engine as a plain value."""
    refs = {
        path: frozenset(urn for other in others for urn in _meant(other))
        for path, others in resource.property_dependencies.items()
    }
    props = plain(resource.props)
    return Declared(resource.resource_type, resource.name, props, resource.urn, refs)


def _meant(resource: PolicyResource) -> Iterator[str]:
    """Yield what a reference means: a resource; of an association both of its ends too.

    Who takes a subnet's id from its route's association waits for the route.
    """
    yield resource.urn
    if resource.resource_type.endswith("Association"):
        for ends in resource.property_dependencies.values():
            yield from (end.urn for end in ends)


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value without Pulumi's proxies: secrets opened, what is not known yet as such."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: _taken(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_taken(value, place) for place in range(len(value))]
    # The engine's only numbers are floats.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _taken(values: Any, key: Any) -> Any:  # noqa: ANN401
    try:
        return plain(values[key])
    except UnknownValueError:
        return UNKNOWN
