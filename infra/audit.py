"""What has gone through the network: the VPC's flow log, kept for a year."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import Settings

KEPT_DAYS = 365


def log_prefix(settings: Settings) -> str:
    """Return what the name of each of the stack's log groups begins with."""
    return f"/{settings.project}/{settings.stack}/"


def trust(account: str, region: str) -> str:
    """Return who may take the role: the flow log service, on behalf of this account's flow logs.

    The two conditions keep the service from being sent here by another account.
    """
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{region}:{account}:vpc-flow-log/*"},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def delivery_policy(log_group_arn: str) -> str:
    """Return the role's policy: writing to this log group, which it can't make itself."""
    statement = {
        "Sid": "Deliver",
        "Effect": "Allow",
        "Action": [
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
        "Resource": f"{log_group_arn}:*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class AuditArgs:
    """What is watched, where that is, and what the log is encrypted with."""

    vpc_id: pulumi.Input[str]
    account: pulumi.Input[str]
    region: str
    key_arn: pulumi.Input[str]
    log_prefix: str


class Audit(pulumi.ComponentResource):
    """Flow log, its log group and its role."""

    def __init__(
        self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Audit", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-flow",
            name=f"{args.log_prefix}flow",
            retention_in_days=KEPT_DAYS,
            kms_key_id=args.key_arn,
            opts=inside,
        )
        role = aws.iam.Role(
            f"{name}-flow",
            assume_role_policy=pulumi.Output.from_input(args.account).apply(
                lambda account: trust(account, args.region)
            ),
            opts=inside,
        )
        granted = aws.iam.RolePolicy(
            f"{name}-flow", role=role.id, policy=group.arn.apply(delivery_policy), opts=inside
        )
        aws.ec2.FlowLog(
            f"{name}-flow",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": f"{name}-flow"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[granted]),
        )
        self.register_outputs({"log_group": group.name})
