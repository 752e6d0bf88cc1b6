"""What an AWS account must offer."""

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from moto import mock_aws

from infra import account
from infra.account import Clients
from infra.errors import NotCheckedError, UserError

REGION = "eu-west-3"
ZONES = ["eu-west-3a", "eu-west-3b"]
PARAMETER = "/aws/service/debian/release/13/latest/amd64"
DENIED = ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "Describe")


def failing(code):
    return ClientError({"Error": {"Code": code, "Message": "as AWS says"}}, "Operation")


class Fake:
    """Answers each operation with what it was given; an exception is raised."""

    def __init__(self, **answers):
        self._answers = answers

    def __getattr__(self, operation):
        def answer(**_asked):
            given = self._answers[operation]
            if isinstance(given, Exception):
                raise given
            return given

        return answer

    def get_paginator(self, operation):
        return Fake(paginate=[self._answers[operation]])


def clients(sts=None, ec2=None, ssm=None, quotas=None):
    return Clients(sts or Fake(), ec2 or Fake(), ssm or Fake(), quotas or Fake())


def kind(runs="x86_64", vcpus=2):
    return {
        "InstanceTypes": [
            {
                "ProcessorInfo": {"SupportedArchitectures": [runs]},
                "VCpuInfo": {"DefaultVCpus": vcpus},
            }
        ]
    }


def image(architecture="x86_64"):
    return {"Images": [{"Architecture": architecture}]}


def stored(ami="ami-1"):
    return {"Parameter": {"Value": ami}}


def instance(instance_type="t3.small", cores=1, threads=2, **more):
    cpu = {"CoreCount": cores, "ThreadsPerCore": threads}
    return {"InstanceType": instance_type, "CpuOptions": cpu, **more}


@pytest.fixture
def arm(dev):
    return type(dev)(
        dev.project, dev.stack, dev.owner, REGION, dev.allowed_cidr, instance_type="t4g.small"
    )


@pytest.fixture(scope="module")
def real():
    """Give moto's clients, with keys that nobody has."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.delenv("AWS_PROFILE", raising=False)
        yield account.connect(REGION)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.NoCredentialsError(), "credentials: .*aws sso login"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), "credentials: "),
        (exceptions.SSOTokenLoadError(error_msg="gone"), "expired"),
        (exceptions.ProfileNotFound(profile="work"), r"AWS_PROFILE: .*work"),
        (failing("ExpiredToken"), "expired .*as AWS says.*aws sso login"),
        (failing("InvalidClientTokenId"), "enable-region --region-name eu-west-3"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), "region: eu-west-3 can't"),
    ],
)
def test_a_refused_login_says_why_and_what_to_do(error, said):
    """Each of AWS's refusals has a remedy of its own."""
    with pytest.raises(UserError, match=said):
        account.check_login(clients(sts=Fake(get_caller_identity=error)), REGION)


def test_a_profile_that_does_not_exist_is_named(monkeypatch):
    """boto3 raises it before any call."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(UserError, match=r"AWS_PROFILE: .*no-such-profile"):
        account.connect(REGION)


def test_an_answer_that_is_no_refusal_leaves_the_question_open():
    """Throttling is no fault of the stack."""
    with pytest.raises(NotCheckedError, match="as AWS says"):
        account.check_login(clients(sts=Fake(get_caller_identity=failing("Throttling"))), REGION)


def test_an_account_as_it_should_be_passes_all_checks(real, dev):
    """The calls are those that AWS knows, judged by moto's models of them."""
    ami = real.ec2.describe_images(
        Filters=[{"Name": "architecture", "Values": ["x86_64"]}], Owners=["amazon"]
    )["Images"][0]["ImageId"]
    real.ssm.put_parameter(Name="/images/debian", Value=ami, Type="String")
    account.check_login(real, REGION)
    account.check_zones(real, dev, ZONES)
    account.check_machine(real, dev, "/images/debian")


def test_a_machine_that_can_not_be_is_refused_by_moto_too(real, dev):
    """AWS's own codes for what is missing are understood."""
    with pytest.raises(UserError, match="amiParameter: there is no /nothing"):
        account.check_machine(real, dev, "/nothing")
    real.ssm.put_parameter(Name="/gone", Value="ami-0123", Type="String")
    with pytest.raises(UserError, match="ami-0123, which is gone"):
        account.check_machine(real, dev, "/gone")
    odd = type(dev)(dev.project, dev.stack, "ada", REGION, dev.allowed_cidr, instance_type="t3.big")
    with pytest.raises(UserError, match=r"instanceType: no t3\.big"):
        account.check_machine(real, odd, "/nothing")
    with pytest.raises(UserError, match=r"instanceType: t3\.big is not offered .* no zone"):
        account.check_zones(real, odd, ZONES)


def zones(*names):
    return {"AvailabilityZones": [{"ZoneName": name} for name in names]}


def test_a_type_of_another_zone_is_refused_with_the_zones_that_have_it(dev):
    """The host's subnet is in the first one."""
    offers = {"InstanceTypeOfferings": [{"Location": "eu-west-3c"}, {"Location": "eu-west-3b"}]}
    ec2 = Fake(
        describe_availability_zones=zones("eu-west-3a", "eu-west-3b", "eu-west-3c"),
        describe_instance_type_offerings=offers,
    )
    with pytest.raises(UserError, match=r"t3\.small is not offered in eu-west-3a.*3b, eu-west-3c"):
        account.check_zones(clients(ec2=ec2), dev, ZONES)


def test_an_account_without_the_second_zone_is_refused(dev):
    """Some regions give an account other zones than a and b."""
    ec2 = Fake(describe_availability_zones=zones("eu-west-3a", "eu-west-3c"))
    with pytest.raises(UserError, match="region: the account has no zone eu-west-3b"):
        account.check_zones(clients(ec2=ec2), dev, ZONES)


def test_a_type_that_does_not_run_the_images_architecture_is_refused(dev, arm):
    """Neither the services' image nor the system's may be for another processor."""
    ec2 = Fake(describe_instance_types=kind("arm64"), describe_images=image("arm64"))
    ssm = Fake(get_parameter=stored())
    with pytest.raises(UserError, match=r"t3\.small runs arm64, and the image .* amd64"):
        account.check_machine(clients(ec2=ec2, ssm=ssm), dev, PARAMETER)
    account.check_machine(clients(ec2=ec2, ssm=ssm), arm, PARAMETER)
    ec2 = Fake(describe_instance_types=kind("arm64"), describe_images=image("x86_64"))
    with pytest.raises(UserError, match=r"ami-1, which is for x86_64; t4g\.small runs arm64"):
        account.check_machine(clients(ec2=ec2, ssm=ssm), arm, PARAMETER)


def account_with(quota, *instances, vcpus=2):
    ec2 = Fake(
        describe_instance_types=kind(vcpus=vcpus),
        describe_instances={"Reservations": [{"Instances": list(instances)}]},
    )
    return clients(ec2=ec2, quotas=Fake(get_service_quota={"Quota": {"Value": float(quota)}}))


def test_a_used_up_quota_is_refused_with_the_line_that_asks_for_more(dev):
    """Three of four vCPUs leave no room for two."""
    with pytest.raises(UserError, match=r"needs 2 vCPUs; 3 of the 4 .*--desired-value 5 "):
        account.check_quota(account_with(4, instance(cores=3, threads=1)), dev)
    account.check_quota(account_with(4, instance(cores=2, threads=1)), dev)


def test_the_stacks_own_host_and_other_quotas_take_nothing_away(dev):
    """A second `up` must not be refused because of the first; Spot and GPUs count elsewhere."""
    own = [{"Key": "project", "Value": "shop"}, {"Key": "stack", "Value": "dev"}]
    account.check_quota(
        account_with(
            2,
            instance(Tags=own),
            instance(InstanceLifecycle="spot"),
            instance("g5.xlarge"),
            instance("inf1.xlarge"),
        ),
        dev,
    )


def test_without_a_permission_nothing_is_refused(dev):
    """Who may deploy need not be allowed to read quotas."""
    for check in (
        lambda: account.check_quota(clients(quotas=Fake(get_service_quota=DENIED)), dev),
        lambda: account.check_zones(
            clients(ec2=Fake(describe_availability_zones=DENIED)), dev, ZONES
        ),
        lambda: account.check_machine(
            clients(ec2=Fake(describe_instance_types=DENIED)), dev, PARAMETER
        ),
    ):
        with pytest.raises(NotCheckedError, match="UnauthorizedOperation"):
            check()
