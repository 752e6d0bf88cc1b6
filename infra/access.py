"""The way to AWS for commands of the operator: clients, and botocore's faults as sentences."""

from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as UnreachableError,
)

LOG_IN = "log in again: `aws sso login`, `aws configure`, or set AWS_PROFILE"
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
REFUSED_KEYS = {
    "AuthFailure",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
NOT_ALLOWED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
CLOSED_REGION = {"OptInRequired", "InvalidRegion"}


class Clients(Protocol):
    """Makes the client of a service."""

    def __call__(self, service: str) -> Any:  # noqa: ANN401
        """Return the client of a service such as `ec2`."""


def clients(region: str, endpoint: str | None = None) -> Clients:
    """Return clients for a region.

    Parameters
    ----------
    region
        AWS region.
    endpoint
        The embedded AWS, which takes any keys; the real one, by the operator's keys, where None.
    """
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"} if endpoint else {}
    config = Config(connect_timeout=10, read_timeout=30, retries={"total_max_attempts": 3})

    def make(service: str) -> Any:  # noqa: ANN401
        return boto3.client(
            service, region_name=region, endpoint_url=endpoint, config=config, **keys
        )

    return make


def sentence(error: Exception, region: str) -> str:
    """Return a fault of botocore in one line: what was wrong and what to do.

    Parameters
    ----------
    error
        A ClientError or BotoCoreError.
    region
        The region that was asked.
    """
    if isinstance(error, ClientError):
        return _refusal(error, region)
    match error:
        case NoCredentialsError():
            return f"there are no AWS credentials: {LOG_IN}"
        case PartialCredentialsError() | ProfileNotFound():
            return f"the AWS credentials can't be used: {error}: {LOG_IN}"
        case SSOError() | TokenRetrievalError():
            return f"the AWS login has expired: {LOG_IN}"
        case UnreachableError():
            return (
                f"AWS can't be reached in region {region}: is there such a region, and a network? "
                f"({' '.join(str(error).split())})"
            )
    return " ".join(str(error).split())


def _refusal(error: ClientError, region: str) -> str:
    """Return what AWS answered, with what to do about it."""
    told = error.response.get("Error", {})
    code = told.get("Code", "no code")
    said = " ".join(f"{error.operation_name}: {code}: {told.get('Message') or ''}".split())
    if code in EXPIRED:
        return f"the AWS login has expired ({said}): {LOG_IN}"
    if code in REFUSED_KEYS:
        return f"AWS does not know these credentials ({said}): {LOG_IN}"
    if code in NOT_ALLOWED:
        return f"these credentials may not do it ({said}): use a role that may read the account"
    if code in CLOSED_REGION:
        return f"region {region} is not open to this account ({said}): choose another, or enable it"
    return said
