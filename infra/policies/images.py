"""Rules of the image repository."""

import json
from collections.abc import Iterator

from infra.policies.declared import Finding, Stack, expect, expect_about, is_

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def images_are_scanned(stack: Stack) -> Iterator[Finding]:
    """Row 26: known holes are found when an image arrives."""
    for repository in stack.of(REPOSITORY):
        yield from expect(
            repository,
            "imageScanningConfiguration.scanOnPush",
            is_(True),
            "set scan_on_push=True",
        )


def tags_are_immutable(stack: Stack) -> Iterator[Finding]:
    """Row 26: a tag means one image for ever."""
    for repository in stack.of(REPOSITORY):
        yield from expect(
            repository,
            "imageTagMutability",
            is_("IMMUTABLE"),
            "set image_tag_mutability='IMMUTABLE'",
        )


def old_images_expire(stack: Stack) -> Iterator[Finding]:
    """Row 26: old images do not pile up."""
    for repository in stack.of(REPOSITORY):
        yield from expect_about(
            stack, repository, LIFECYCLE, "repository", "declare one that expires old images"
        )
    for policy in stack.of(LIFECYCLE):
        yield from expect(policy, "policy", _expires, "give it a rule with the action expire")


def _expires(document: str) -> bool:
    rules = json.loads(document).get("rules", [])
    return any(rule.get("action", {}).get("type") == "expire" for rule in rules)


def repository_has_a_key(stack: Stack) -> Iterator[Finding]:
    """Row 26: images are encrypted with a KMS key."""
    for repository in stack.of(REPOSITORY):
        kinds = [e.get("encryptionType") for e in repository.items_at("encryptionConfigurations")]
        if kinds != ["KMS"]:
            yield Finding(
                repository,
                f"encryptionType is {kinds[0] if kinds else 'not set'}",
                "set encryption_configurations=[{'encryption_type': 'KMS'}]",
            )
