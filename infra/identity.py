"""Who the host is to AWS: a role that may do what the host does, and nothing else."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

SESSION_MANAGER = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        ],
    }
)


@dataclass(frozen=True)
class IdentityArgs:
    """What the host works with."""

    bucket_arn: pulumi.Input[str]
    repository_arn: pulumi.Input[str]
    parameter_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    region: str


def host_policy(
    bucket_arn: str, repository_arn: str, parameter_arn: str, key_arn: str, region: str
) -> str:
    """Return the host's policy: this bucket's three prefixes, this repository, this parameter.

    The host reads its bundle, reports its status, and keeps MLflow's artifacts. It uses the key
    through S3 and SSM only.
    """
    statements = [
        _allow("ReadBundle", ["s3:GetObject"], f"{bucket_arn}/bundles/*"),
        _allow("Report", ["s3:GetObject", "s3:PutObject"], f"{bucket_arn}/host/*"),
        _allow(
            "Artifacts",
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            f"{bucket_arn}/mlflow/*",
        ),
        _allow("List", ["s3:ListBucket"], bucket_arn),
        _allow(
            "PullImage",
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            repository_arn,
        ),
        # AWS knows no narrower resource for this action.
        _allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], "*"),
        _allow("ReadSecrets", ["ssm:GetParameter"], parameter_arn),
        {
            **_allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": [f"s3.{region}.amazonaws.com", f"ssm.{region}.amazonaws.com"]
                }
            },
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _allow(sid: str, actions: list[str], resource: str) -> dict[str, object]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


class Identity(pulumi.ComponentResource):
    """The host's role, its policies and its instance profile."""

    profile: pulumi.Output[str]

    def __init__(
        self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("pulumi-mlops:infra:Identity", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-host", assume_role_policy=TRUST, opts=inside)
        granted = [
            aws.iam.RolePolicy(
                f"{name}-host",
                role=role.id,
                policy=pulumi.Output.all(
                    bucket_arn=args.bucket_arn,
                    repository_arn=args.repository_arn,
                    parameter_arn=args.parameter_arn,
                    key_arn=args.key_arn,
                ).apply(lambda arns: host_policy(region=args.region, **arns)),
                opts=inside,
            ),
            aws.iam.RolePolicyAttachment(
                f"{name}-session-manager",
                role=role.name,
                policy_arn=SESSION_MANAGER,
                opts=inside,
            ),
        ]
        # The profile waits for the policies, so that a host never starts without them.
        profile = aws.iam.InstanceProfile(
            f"{name}-host",
            role=role.name,
            opts=pulumi.ResourceOptions(parent=self, depends_on=granted),
        )
        self.profile = profile.name
        self.register_outputs({"profile": profile.name})
