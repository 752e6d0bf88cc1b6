"""The AWS that a stack talks to: the real one, or the embedded one by its endpoint."""

import pulumi_aws as aws

from infra.settings import Settings

SERVICES_USED = ("ec2", "ecr", "elbv2", "iam", "kms", "logs", "s3", "ssm", "sts")


def make_provider(settings: Settings) -> aws.Provider:
    """Return the provider of all AWS resources; it tags each of them."""
    tags = {"tags": settings.tags}
    if settings.aws_endpoint is None:
        return aws.Provider("aws", region=settings.region, default_tags=tags)
    endpoint = settings.aws_endpoint
    return aws.Provider(
        "aws",
        region=settings.region,
        default_tags=tags,
        # The embedded AWS knows no accounts: these are the words that it takes for keys.
        access_key="test",
        secret_key="test",  # noqa: S106
        endpoints=[dict.fromkeys(SERVICES_USED, endpoint)],
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_requesting_account_id=True,
    )
