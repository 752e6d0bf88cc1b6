"""Rules of log groups."""

from collections.abc import Iterator

from infra.policies.declared import Finding, Stack, expect, is_given

GROUP = "aws:cloudwatch/logGroup:LogGroup"
MIN_DAYS = 365


def logs_are_kept_a_year(stack: Stack) -> Iterator[Finding]:
    """Row 30: what is found late can still be looked up."""
    for group in stack.of(GROUP):
        yield from expect(
            group,
            "retentionInDays",
            # 0 is AWS's word for ever; not set is the same.
            lambda days: int(days or 0) == 0 or int(days) >= MIN_DAYS,
            f"set retention_in_days={MIN_DAYS}",
        )


def logs_have_a_key(stack: Stack) -> Iterator[Finding]:
    """Row 30: logs are encrypted with a key of ours."""
    for group in stack.of(GROUP):
        yield from expect(group, "kmsKeyId", is_given, "set kms_key_id")
