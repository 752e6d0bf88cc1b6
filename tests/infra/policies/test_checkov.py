"""checkov's verdict on what the program declares."""

import pytest

from infra.policies.exceptions import written
from tests.infra.policies.checkov import results
from tests.infra.policies.declarations import declarations
from tests.infra.policies.terraform_plan import plan

# The environment is made once; after that a verdict takes some ten seconds.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("profile", "least"), [("dev", 50), ("hardened", 60)])
def test_nothing_fails_beyond_the_written_exceptions(profile, least, tmp_path):
    """Many rules of others hold, and each that does not has its reason in our table."""
    said = results(plan(declarations(profile)), tmp_path)

    failed = sorted(pair for pair in said["failed"] if not written(pair[0], profile, pair[1]))
    assert failed == []
    assert len({check for check, _ in said["passed"]}) >= least


def test_checkov_sees_what_the_plan_says(tmp_path):
    """A verdict on a plan that it could not read would be worth nothing."""
    opened = [
        resource
        for resource in declarations("hardened")
        if not resource.type.endswith((":BucketPublicAccessBlock", ":FlowLog"))
    ]

    failed = {check for check, _ in results(plan(opened), tmp_path)["failed"]}

    assert failed >= {"CKV2_AWS_6", "CKV2_AWS_11"}
