"""The one list of rules, and the judge that applies it to a stack."""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.policies import balancer, host, identity, images, logs, network, storage
from infra.policies.declared import Check, Finding, Stack
from infra.policies.exceptions import written
from infra.settings import Profile


@dataclass(frozen=True)
class Rule:
    """A rule by name, with what others call it.

    `ids` are AWS Foundational Security Best Practices (`EC2.2`), CIS AWS Foundations v7.0
    (`CIS 6.5`), checkov (`CKV_AWS_79`, `CKV2_AWS_12`), prowler (`prowler …`) and the OWASP API
    Security Top 10.
    """

    name: str
    ids: tuple[str, ...]
    check: Check

    @property
    def description(self) -> str:
        """Return what it is good for: the first line of its function, without the table's row."""
        return (self.check.__doc__ or "").strip().splitlines()[0].partition(": ")[2]

    def holds_for(self, profile: Profile) -> bool:
        """Tell whether no written exception takes the profile out."""
        return written(self.name, profile) is None


def _rule(check: Check, ids: str) -> Rule:
    return Rule(check.__name__.replace("_", "-"), tuple(ids.split(", ")), check)


RULES = (
    _rule(network.default_group_is_empty, "EC2.2, CIS 6.5, CKV2_AWS_12"),
    _rule(network.flow_logs, "EC2.6, CIS 4.7, CKV2_AWS_11"),
    _rule(
        network.no_remote_shell_from_the_world,
        "EC2.13, EC2.14, CIS 6.3, CIS 6.4, CKV_AWS_24, CKV_AWS_25, CKV_AWS_277",
    ),
    _rule(network.only_https_is_public, "EC2.18, EC2.19, CKV_AWS_260"),
    _rule(network.the_public_service_asks_who_calls, "OWASP API2:2023"),
    _rule(network.groups_are_bounded, "CKV_AWS_23, CKV_AWS_382, CKV2_AWS_5"),
    _rule(network.acls_deny_remote_shells, "EC2.21, CIS 6.2, CKV_AWS_232"),
    _rule(network.subnets_give_no_public_address, "EC2.15, CKV_AWS_130"),
    _rule(network.aws_is_reached_privately, "EC2.10, CIS 6.8"),
    _rule(host.instance_is_private, "EC2.9, CKV_AWS_88"),
    _rule(host.metadata_needs_a_token, "EC2.8, CIS 6.7, CKV_AWS_79"),
    _rule(host.volumes_are_encrypted, "EC2.3, CKV_AWS_3, CKV_AWS_8, CKV_AWS_189"),
    _rule(host.encryption_by_default_is_on, "EC2.7, CIS 6.1.1, CKV_AWS_106"),
    _rule(host.instance_is_watched, "CKV_AWS_126, CKV_AWS_135"),
    _rule(host.instance_has_a_role, "CIS 2.16, CKV2_AWS_41"),
    _rule(host.shell_is_by_session_manager, "SSM.1"),
    _rule(host.no_secret_in_user_data, "CKV_AWS_46, prowler ec2_instance_secrets_user_data"),
    _rule(host.secrets_are_secure_strings, "CKV2_AWS_34, CKV_AWS_337"),
    _rule(
        storage.public_access_is_blocked,
        "S3.1, S3.8, CIS 3.1.4, CKV_AWS_53, CKV_AWS_54, CKV_AWS_55, CKV_AWS_56, CKV2_AWS_6",
    ),
    _rule(storage.tls_only, "S3.5, CIS 3.1.1"),
    _rule(storage.bucket_has_a_key, "S3.17, CKV_AWS_19, CKV_AWS_145"),
    _rule(storage.versions_are_kept, "S3.14, CKV_AWS_21"),
    _rule(storage.access_is_logged, "S3.9, CKV_AWS_18"),
    _rule(storage.acls_are_off, "S3.12"),
    _rule(storage.old_objects_expire, "S3.13, CKV2_AWS_61, CKV_AWS_300"),
    _rule(storage.events_are_sent, "CKV2_AWS_62"),
    _rule(
        storage.nobody_else_is_let_in,
        "S3.2, S3.3, S3.6, CKV_AWS_20, CKV_AWS_57, CKV_AWS_70, CKV_AWS_93",
    ),
    _rule(images.images_are_scanned, "ECR.1, CKV_AWS_163"),
    _rule(images.tags_are_immutable, "ECR.2, CKV_AWS_51"),
    _rule(images.old_images_expire, "ECR.3"),
    _rule(images.repository_has_a_key, "CKV_AWS_136"),
    _rule(
        identity.rights_are_few,
        "IAM.1, CIS 2.14, CKV_AWS_62, CKV_AWS_63, CKV_AWS_286, CKV_AWS_287, CKV_AWS_288,"
        " CKV_AWS_289, CKV_AWS_290, CKV_AWS_355, CKV2_AWS_40",
    ),
    _rule(
        identity.trust_names_the_account,
        "CKV_AWS_60, prowler iam_role_cross_service_confused_deputy_prevention",
    ),
    _rule(identity.keys_rotate, "KMS.3, KMS.4, CIS 4.6, CKV_AWS_7, CKV_AWS_33, CKV2_AWS_64"),
    _rule(logs.logs_are_kept_a_year, "CKV_AWS_66, CKV_AWS_338"),
    _rule(logs.logs_have_a_key, "CKV_AWS_158"),
    _rule(balancer.balancer_stands_before_the_host, "ELB.6, ELB.13, CKV_AWS_150"),
    _rule(balancer.balancer_refuses_odd_requests, "ELB.4, ELB.12, CKV_AWS_131, CKV_AWS_328"),
    _rule(balancer.balancer_is_logged, "ELB.5, CKV_AWS_91"),
    _rule(balancer.listeners_speak_tls, "ELB.1, CKV_AWS_2, CKV_AWS_103, CKV2_AWS_20"),
)


def judge(stack: Stack, profile: Profile) -> Iterator[tuple[Rule, Finding]]:
    """Yield what the rules that hold for a profile have against a stack."""
    for rule in RULES:
        if rule.holds_for(profile):
            for finding in rule.check(stack):
                yield rule, finding
