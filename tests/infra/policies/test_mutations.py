"""Each security setting flipped in what the program really declares: exactly its rule notices."""

import pytest

from infra.policies.declared import Stack
from infra.policies.exceptions import ALWAYS, EXCEPTIONS
from infra.policies.rules import RULES, judge
from tests.infra.policies.declarations import declarations
from tests.infra.policies.mutations import MUTATIONS


def against(resources, profile):
    """Return what the rules have against resources: names of rules with their sentences."""
    return {(rule.name, str(finding)) for rule, finding in judge(Stack(resources), profile)}


@pytest.mark.parametrize("profile", ALWAYS)
def test_the_program_keeps_every_rule(profile):
    """What is declared has nothing against it beyond the written exceptions."""
    assert against(declarations(profile), profile) == set()


@pytest.mark.parametrize(
    ("profile", "mutation"),
    [(profile, m) for m in MUTATIONS for profile in m.profiles],
    ids=lambda value: value if isinstance(value, str) else f"{value.rule}: {value.what}",
)
def test_exactly_its_rule_notices_a_flipped_setting(profile, mutation):
    """No rule sleeps, and none cries for another's matter."""
    before = declarations(profile)
    after = mutation.apply(before)
    assert tuple(after) != before

    noticed = against(after, profile) - against(before, profile)

    assert {rule for rule, _ in noticed} == {mutation.rule}


def test_every_rule_has_a_mutation():
    """A new rule is proven to fail before it is trusted to pass."""
    assert {m.rule for m in MUTATIONS} == {rule.name for rule in RULES}


def test_what_dev_leaves_out_is_written_and_nothing_else():
    """The cheap profile differs from the hardened one by the table of exceptions alone."""
    left_out = {rule.name for rule in RULES if not rule.holds_for("dev")}
    assert left_out == {
        "instance-is-private",
        "aws-is-reached-privately",
        "balancer-stands-before-the-host",
    }
    assert all(rule.holds_for("hardened") for rule in RULES)


def test_every_exception_has_a_reason():
    """Who reads the table learns why, in a sentence."""
    assert all(len(exception.reason.split()) > 4 for exception in EXCEPTIONS)
    known = {name for rule in RULES for name in (rule.name, *rule.ids)}
    ours = {name for exception in EXCEPTIONS for name in exception.of if "-" in name}
    assert ours <= known
