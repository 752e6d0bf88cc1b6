"""What prowler's findings say of one stack: passed, excepted, the emulator's own, or failed."""

import re
from dataclasses import asdict, dataclass

from infra.policies.exceptions import written

GAPS = {
    "ec2_instance_managed_by_ssm": ("", "nobody boots the instance, so no agent reports to SSM"),
    "ec2_securitygroup_not_used": (
        "-endpoints",
        "moto makes no network interface for an interface endpoint",
    ),
    "s3_bucket_event_notifications_enabled": (
        "",
        "moto takes a bucket's EventBridge setting, and leaves it out of its answer",
    ),
}
"""By check: end of the name of what is meant, and why a real AWS would answer otherwise."""

LEAST = {"dev": 70, "hardened": 90}
"""Checks that must have passed, so that a scan that saw nothing is no pass."""

SUFFIX = re.compile(r"-[0-9a-f]{7}$")
CRASH = re.compile(r'"filename": "check\.py:\d+".*?"message": "(\w+) -- (.+)"')
ROW = re.compile(r"^\| `(\w+)` \|.*\|$", re.MULTILINE)
BEGIN = "<!-- written by python -m tests.infra.policies.prowler -->"
END = "<!-- end of what prowler's run writes -->"
HEAD = (
    "| profile | day, prowler | checks | passed | failed | excepted | emulator's gaps |\n"
    "|---|---|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True)
class Finding:
    """One check's word on one resource."""

    check: str
    status: str
    resource: str
    detail: str


@dataclass(frozen=True)
class Explained:
    """A finding that is no fault of the stack, with the reason."""

    check: str
    resource: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What became of all findings on a stack's resources."""

    profile: str
    checks: int
    passed: int
    failed: tuple[Finding, ...]
    excepted: tuple[Explained, ...]
    gaps: tuple[Explained, ...]

    @property
    def good(self):
        return not self.failed

    def as_json(self):
        return asdict(self)


def findings(told, tags, made):
    """Return the findings on a stack's resources.

    Parameters
    ----------
    told
        prowler's report in OCSF, parsed.
    tags
        Tags of the stack, all of which its resources bear.
    made
        Ids and names that came with the stack: some resources bear no tags.
    """
    labels = {f"{key}:{value}" for key, value in tags.items()}
    return [
        Finding(
            one["metadata"]["event_code"], one["status_code"], called(found), one["status_detail"]
        )
        for one in told
        for found in one["resources"]
        if labels <= set(found["labels"]) or any(name in found["uid"] for name in made)
    ]


def called(resource):
    """Return the name that the program gives to a resource, without Pulumi's random end."""
    known = resource["data"]["metadata"]
    # One that guards a subnet is not what the exception is written for.
    if known.get("default") and not known.get("in_use"):
        return "default"
    tagged = (label.partition(":")[2] for label in resource["labels"] if label.startswith("Name:"))
    return SUFFIX.sub("", next(tagged, known.get("name") or resource["name"]))


def crashes(log):
    """Return a finding for each check that ended without a word on anything."""
    return [Finding(f"{check}, crashed", "FAIL", "", why) for check, why in CRASH.findall(log)]


def judge(found, profile, least):
    """Return the verdict on a stack's findings.

    Parameters
    ----------
    found
        The findings on its resources.
    profile
        What is judged.
    least
        How many checks must have passed.
    """
    passed = [one for one in found if one.status == "PASS"]
    failed, excepted, gaps = [], [], []
    # What is neither passed nor failed has not been judged: that is no pass.
    for one in sorted((one for one in found if one.status != "PASS"), key=lambda one: one.check):
        exception = written(one.check, profile, one.resource)
        if exception:
            excepted.append(Explained(one.check, one.resource, exception.reason))
            continue
        end, reason = GAPS.get(one.check, ("", ""))
        if reason and one.resource.endswith(end):
            gaps.append(Explained(one.check, one.resource, reason))
        else:
            failed.append(one)
    sure = {one.check for one in passed}
    if len(sure) < least:
        saw = f"only {len(sure)} checks passed on anything, of at least {least}"
        failed.append(Finding("the scan itself", "FAIL", "", saw))
    checks = len({one.check for one in found})
    return Verdict(profile, checks, len(passed), tuple(failed), tuple(excepted), tuple(gaps))


def page_with(page, verdict, day, version):
    """Return a page whose marked part has a verdict as its profile's row.

    Parameters
    ----------
    page
        Text of the page.
    verdict
        The newest one; another profile's row stays.
    day
        When it was said.
    version
        prowler's.
    """
    before, rest = page.split(BEGIN)
    part, after = rest.split(END)
    rows = {row.group(1): row.group(0) for row in ROW.finditer(part)}
    counts = (verdict.failed, verdict.excepted, verdict.gaps)
    cells = (verdict.checks, verdict.passed, *map(len, counts))
    said = " | ".join(map(str, cells))
    rows[verdict.profile] = f"| `{verdict.profile}` | {day:%Y-%m-%d}, {version} | {said} |"
    lines = [BEGIN, HEAD, *(rows[profile] for profile in sorted(rows)), END]
    return before + "\n".join(lines) + after
