"""What the deployer's AWS account must offer before a host can be made in it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from infra.errors import NotCheckedError, UserError
from infra.settings import Settings

T = TypeVar("T")

STANDARD = re.compile(r"(a|c|d|h|i[ms]?|m|r|t|z)\d")
"""The families that share one quota, by EC2's list of quotas; hpc, inf and trn have their own."""

STANDARD_QUOTA = "L-1216C47A"
"""Code of "Running On-Demand Standard instances", counted in vCPUs."""

AWS_NAME = {"amd64": "x86_64", "arm64": "arm64"}
"""An architecture as EC2 calls it."""

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_KEYS = frozenset(
    {
        *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
        *("SignatureDoesNotMatch", "IncompleteSignature", "AuthFailure", "OptInRequired"),
    }
)
LOGIN = "`aws sso login`, or `aws configure`, or AWS_PROFILE of a profile that works"


@dataclass(frozen=True)
class Clients:
    """The AWS services that are asked; boto3's clients, or what stands in for them."""

    sts: Any
    ec2: Any
    ssm: Any
    quotas: Any


def connect(region: str) -> Clients:
    """Return clients with the deployer's own credentials that give up soon.

    Raises
    ------
    UserError
        The AWS configuration of this shell can't be used.
    """
    # Imported here: stack `local` asks none of this.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    quick = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
    try:
        session = boto3.Session(region_name=region)
        names = ("sts", "ec2", "ssm", "service-quotas")
        return Clients(*(session.client(name, config=quick) for name in names))
    except BotoCoreError as error:
        raise UserError(refusal(error, region) or str(error)) from None


def refusal(error: Exception, region: str) -> str:
    """Return why AWS lets nobody in, or nothing if the error has another reason.

    Parameters
    ----------
    error
        What boto3 raised.
    region
        The region that was asked.
    """
    kind, code = type(error).__name__, error_code(error)
    if kind in {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}:
        return f"credentials: {error}. Log in: {LOGIN}"
    if kind == "ProfileNotFound":
        return f"AWS_PROFILE: {error}. `aws configure list-profiles` shows those that there are"
    if code in EXPIRED or kind in {
        *("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"),
        "LoginRefreshRequired",
    }:
        return f"credentials: the login has expired ({error}). Log in again: {LOGIN}"
    if code in UNKNOWN_KEYS:
        return (
            f"credentials: AWS in {region} does not take them ({error}). Either the keys are wrong "
            f"or deleted ({LOGIN}), or this computer's clock is, or the account has not enabled "
            f"the region: `aws account enable-region --region-name {region}`, or `pulumi config "
            "set region`"
        )
    if kind in {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}:
        return (
            f"region: {region} can't be reached ({error}). See that it is spelled as AWS does, for "
            "example eu-west-3, and that this computer reaches the internet"
        )
    return ""


def error_code(error: Exception) -> str:
    """Return AWS's own code of an error, or nothing."""
    response = getattr(error, "response", None)
    return str(response["Error"].get("Code", "")) if isinstance(response, Mapping) else ""


def _ask(region: str, call: Callable[[], T], gone: Mapping[str, str] | None = None) -> T:
    """Ask AWS one thing.

    Parameters
    ----------
    region
        The region that is asked.
    call
        The question.
    gone
        What it means for the stack when AWS answers with a code.

    Raises
    ------
    UserError
        AWS lets nobody in, or what is asked for does not exist.
    NotCheckedError
        There is no permission to ask, or no answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as `connect`

    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        fault = (gone or {}).get(error_code(error)) or refusal(error, region)
        if fault:
            raise UserError(fault) from None
        raise NotCheckedError(str(error)) from None


def check_login(clients: Clients, region: str) -> None:
    """See whether AWS takes the credentials.

    Raises
    ------
    UserError
        There are none, or they are refused.
    NotCheckedError
        AWS gave another answer.
    """
    _ask(region, clients.sts.get_caller_identity)


def check_zones(clients: Clients, chosen: Settings, zones: list[str]) -> None:
    """See whether the account has the zones, and the first one the host's instance type.

    Raises
    ------
    UserError
        It has not; the message names the zones that have it.
    NotCheckedError
        AWS does not say.
    """
    known = _ask(chosen.region, clients.ec2.describe_availability_zones)["AvailabilityZones"]
    missing = set(zones) - {zone["ZoneName"] for zone in known}
    if missing:
        message = (
            f"region: the account has no zone {', '.join(sorted(missing))}, and the subnets lie in "
            f"{' and '.join(zones)}. Choose another region: `pulumi config set region REGION`"
        )
        raise UserError(message)
    wanted = {"Name": "instance-type", "Values": [chosen.instance_type]}
    offers = _ask(
        chosen.region,
        lambda: clients.ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[wanted]
        ),
    )["InstanceTypeOfferings"]
    having = sorted(offer["Location"] for offer in offers)
    if zones[0] not in having:
        message = (
            f"instanceType: {chosen.instance_type} is not offered in {zones[0]}, where the host is "
            f"placed; it is in: {', '.join(having) or 'no zone of the region'}. {_other_type()}"
        )
        raise UserError(message)


def check_machine(clients: Clients, chosen: Settings, parameter: str) -> None:
    """See whether the host's image exists and the instance type runs it.

    Raises
    ------
    UserError
        It does not.
    NotCheckedError
        AWS does not say.
    """
    types = _ask(
        chosen.region,
        lambda: clients.ec2.describe_instance_types(InstanceTypes=[chosen.instance_type]),
        {"InvalidInstanceType": f"instanceType: no {chosen.instance_type} there. {_other_type()}"},
    )
    runs = types["InstanceTypes"][0]["ProcessorInfo"]["SupportedArchitectures"]
    if AWS_NAME[chosen.architecture] not in runs:
        # The image of the services is built for what the type's name says.
        message = (
            f"instanceType: {chosen.instance_type} runs {', '.join(runs)}, and the image would be "
            f"built for {chosen.architecture}. {_other_type()}"
        )
        raise UserError(message)
    ami, has = _image(clients, chosen.region, parameter)
    if has not in runs:
        message = (
            f"amiParameter: {parameter} names {ami}, which is for {has}; {chosen.instance_type} "
            f"runs {', '.join(runs)}. Set one of the two to go with the other"
        )
        raise UserError(message)


def _image(clients: Clients, region: str, parameter: str) -> tuple[str, str]:
    """Return the id and the architecture of the system's image.

    Raises
    ------
    UserError
        There is no such image.
    """
    missing = (
        f"amiParameter: there is no {parameter} in {region}. Name a public parameter of a Debian "
        "13 image: `aws ssm get-parameters-by-path --recursive --path /aws/service/debian/release`"
    )
    stored = _ask(
        region, lambda: clients.ssm.get_parameter(Name=parameter), {"ParameterNotFound": missing}
    )
    ami = stored["Parameter"]["Value"]
    gone = f"amiParameter: {parameter} names {ami}, which is gone from {region}. Set another one"
    codes = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed")
    images = _ask(
        region, lambda: clients.ec2.describe_images(ImageIds=[ami]), dict.fromkeys(codes, gone)
    )["Images"]
    if not images:
        raise UserError(gone)
    return ami, images[0]["Architecture"]


def check_quota(clients: Clients, chosen: Settings) -> None:
    """See whether the account may run the host beside what it runs already.

    Raises
    ------
    UserError
        The quota of vCPUs is used up.
    NotCheckedError
        AWS does not say, or the type has a quota of its own.
    """
    if not STANDARD.match(chosen.instance_type):
        message = f"{chosen.instance_type} has a quota of its own"
        raise NotCheckedError(message)
    quota = _ask(
        chosen.region,
        lambda: clients.quotas.get_service_quota(ServiceCode="ec2", QuotaCode=STANDARD_QUOTA),
    )["Quota"]["Value"]
    types = _ask(
        chosen.region,
        lambda: clients.ec2.describe_instance_types(InstanceTypes=[chosen.instance_type]),
    )
    needed = types["InstanceTypes"][0]["VCpuInfo"]["DefaultVCpus"]
    running = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    pages = _ask(
        chosen.region,
        lambda: list(
            clients.ec2.get_paginator("describe_instances").paginate(
                Filters=[running], PaginationConfig={"PageSize": 1000}
            )
        ),
    )
    instances = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    used = used_vcpus(instances, chosen)
    if used + needed > quota:
        message = (
            f"quota: {chosen.instance_type} needs {needed} vCPUs; {used} of the {quota:.0f} that "
            f"the account may run in {chosen.region} are in use. Stop instances, or ask for more: "
            f"`aws service-quotas request-service-quota-increase --service-code ec2 --quota-code "
            f"{STANDARD_QUOTA} --desired-value {used + needed} --region {chosen.region}`"
        )
        raise UserError(message)


def used_vcpus(instances: list[dict[str, Any]], chosen: Settings) -> int:
    """Return the vCPUs of the quota that others than this stack's host are using."""
    own = {"project": chosen.project, "stack": chosen.stack}
    cpus = [
        instance.get("CpuOptions", {})
        for instance in instances
        if STANDARD.match(instance["InstanceType"])
        # Spot instances have a quota of their own.
        and "InstanceLifecycle" not in instance
        and not own.items() <= {t["Key"]: t["Value"] for t in instance.get("Tags", [])}.items()
    ]
    return sum(cpu.get("CoreCount", 0) * cpu.get("ThreadsPerCore", 1) for cpu in cpus)


def _other_type() -> str:
    return "Choose another: `pulumi config set instanceType TYPE`"
