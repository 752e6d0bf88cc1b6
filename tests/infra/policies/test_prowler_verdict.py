"""What is made of prowler's report, without prowler."""

import datetime as dt
import json

import pytest

from tests.infra.policies.prowler_verdict import (
    BEGIN,
    END,
    Finding,
    crashes,
    findings,
    judge,
    page_with,
)

TAGS = {"project": "shop", "stack": "hardened"}
MINE = ["owner:ada", "project:shop", "stack:hardened"]
DAY = dt.date(2026, 2, 3)


def told(check, status, uid, *, labels=(), **known):
    """Return one entry of a report, with what is read of it."""
    resource = {
        "uid": uid,
        "name": uid.rpartition("/")[2],
        "labels": list(labels),
        "data": {"metadata": known},
    }
    return {
        "metadata": {"event_code": check},
        "status_code": status,
        "status_detail": f"{uid} was looked at",
        "resources": [resource],
    }


def finding(check, status="FAIL", resource="shop-hardened-artifacts"):
    return Finding(check, status, resource, "")


def test_only_resources_of_the_stack_count():
    """By all of its tags, or by an id that came with it; what else the account has does not."""
    report = [
        told("a", "PASS", "arn:aws:s3:::mine", labels=MINE),
        told("b", "FAIL", "arn:aws:ec2:::volume/vol-1"),
        told("c", "FAIL", "arn:aws:ec2:::volume/vol-2"),
        told("d", "FAIL", "arn:aws:s3:::other", labels=["project:shop", "stack:dev"]),
        told("e", "FAIL", "arn:aws:iam::1:root"),
    ]

    assert [one.check for one in findings(report, TAGS, {"vol-1"})] == ["a", "b"]


@pytest.mark.parametrize(
    ("labels", "known", "name"),
    [
        ([*MINE, "Name:shop-hardened-data"], {"name": "other"}, "shop-hardened-data"),
        (MINE, {"name": "shop-hardened-logs-1a2b3c4"}, "shop-hardened-logs"),
        (MINE, {"name": "", "default": True, "in_use": False}, "default"),
        (MINE, {"name": "", "default": True, "in_use": True}, "x-1"),
        (MINE, {}, "x-1"),
    ],
)
def test_a_resource_has_the_name_that_the_program_gives(labels, known, name):
    """Exceptions are written for names, which Pulumi lengthens and AWS replaces by ids."""
    (found,) = findings([told("a", "FAIL", "arn/x-1", labels=labels, **known)], TAGS, ())

    assert found == Finding("a", "FAIL", name, "arn/x-1 was looked at")


def test_each_finding_ends_in_one_place():
    """Passed, excepted in writing, the emulator's own, or failed; what is not judged has failed."""
    verdict = judge(
        [
            finding("kms_cmk_rotation_enabled", "PASS"),
            finding("s3_bucket_no_mfa_delete"),
            finding("ec2_instance_managed_by_ssm"),
            finding("ec2_instance_public_ip"),
            finding("ecr_repositories_not_publicly_accessible", "MANUAL"),
        ],
        "hardened",
        1,
    )

    assert (verdict.checks, verdict.passed, verdict.good) == (5, 1, False)
    assert [one.check for one in verdict.excepted] == ["s3_bucket_no_mfa_delete"]
    assert "root user" in verdict.excepted[0].reason
    assert [one.check for one in verdict.gaps] == ["ec2_instance_managed_by_ssm"]
    assert [one.check for one in verdict.failed] == [
        "ec2_instance_public_ip",
        "ecr_repositories_not_publicly_accessible",
    ]
    assert json.dumps(verdict.as_json())


def test_an_exception_or_a_gap_covers_only_what_it_is_written_for():
    """Another bucket without a key, an unused group, a profile that promises more: failures."""
    logs = finding("s3_bucket_kms_encryption", resource="shop-hardened-logs")
    used = finding("ec2_securitygroup_not_used", resource="shop-hardened-endpoints")
    assert judge([logs, used], "hardened", 0).good

    others = [
        finding("s3_bucket_kms_encryption"),
        finding("ec2_securitygroup_not_used", resource="shop-hardened-host"),
        finding("ec2_networkacl_allow_ingress_tcp_port_22", resource="shop-hardened"),
    ]
    assert len(judge(others, "hardened", 0).failed) == len(others)
    public = [finding("ec2_instance_public_ip", resource="shop-dev")]
    assert judge(public, "dev", 0).good
    assert not judge(public, "hardened", 0).good


def test_a_scan_that_saw_too_little_is_no_pass():
    """One check that passed on ten resources is one."""
    ten = [finding("kms_cmk_rotation_enabled", "PASS")] * 10

    assert judge(ten, "dev", 1).good
    (failure,) = judge(ten, "dev", 2).failed
    assert failure.detail == "only 1 checks passed on anything, of at least 2"


def test_a_check_that_crashed_has_not_passed():
    """Not even one whose failures are excepted; a service that did not answer is no check."""
    check = {"filename": "check.py:750", "message": "s3_bucket_no_mfa_delete -- KeyError[80]: 'x'"}
    service = {"filename": "waf_service.py:186", "message": "eu-west-3 -- ClientError[177]: no"}
    log = "".join(json.dumps(one) + "\n" for one in (check, service))

    found = crashes(log)

    (failure,) = judge(found, "dev", 0).failed
    assert (failure.check, failure.detail) == (
        "s3_bucket_no_mfa_delete, crashed",
        "KeyError[80]: 'x'",
    )


def test_the_page_keeps_the_last_result_of_each_profile():
    """A profile's own row is replaced, the other's and the rest of the page stay."""
    empty = f"# Page\n\n{BEGIN}\n{END}\nend\n"
    dev = judge([finding("a", "PASS")], "dev", 0)
    hardened = judge([finding("a", "PASS"), finding("b")], "hardened", 0)
    better = judge([finding("a", "PASS"), finding("b", "PASS")], "hardened", 0)

    page = page_with(page_with(empty, hardened, DAY, "9.9"), dev, DAY, "9.9")
    page = page_with(page, better, DAY + dt.timedelta(days=1), "9.9")

    assert page.startswith("# Page\n\n<!--")
    assert page.endswith("-->\nend\n")
    assert [line for line in page.splitlines() if line.startswith("| `")] == [
        "| `dev` | 2026-02-03, 9.9 | 1 | 1 | 0 | 0 | 0 |",
        "| `hardened` | 2026-02-04, 9.9 | 2 | 2 | 0 | 0 | 0 |",
    ]
