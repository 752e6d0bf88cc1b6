"""The stack's own encryption key: for bucket, images, volumes, logs and parameters."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

DELETION_WINDOW_DAYS = 30


@dataclass(frozen=True)
class EncryptionKeyArgs:
    """Whose key it is, and which log groups are encrypted with it."""

    account: pulumi.Input[str]
    region: str
    log_groups: str
    """Name of the log groups, with a wildcard at its end."""
    protect: bool


def key_policy(account: str, region: str, log_groups: str) -> str:
    """Return who may use the key: the account by its IAM policies, CloudWatch for these groups.

    Parameters
    ----------
    account, region
        Where the key is.
    log_groups
        Name of the log groups, wildcards allowed.
    """
    logs = f"arn:aws:logs:{region}:{account}:log-group:{log_groups}"
    statements = [
        {
            # Without this line nobody could ever change the key again, IAM's policies or not.
            "Sid": "AccountByItsPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class EncryptionKey(pulumi.ComponentResource):
    """A key that rotates every year, under a name."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:EncryptionKey", name, None, opts)
        policy = pulumi.Output.from_input(args.account).apply(
            lambda account: key_policy(account, args.region, args.log_groups)
        )
        key = aws.kms.Key(
            name,
            description=f"Everything that {name} stores",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=policy,
            # Who loses the key has lost the data.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{name}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": key.arn})
