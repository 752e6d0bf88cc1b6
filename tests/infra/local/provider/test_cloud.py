"""The provider's configuration, and what AWS's faults become."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.local.provider import cloud
from tests.infra.local.provider.driver import TAGS, configuration

HERE = "http://127.0.0.1:4566"


def refused(given):
    return {fault.path: fault.reason for fault in cloud.settings_faults(given)}


@pytest.mark.parametrize("url", [HERE, "http://localhost:4566", "http://[::1]:4566"])
def test_this_machine_is_taken(url):
    """Loopback by name and by number."""
    assert refused(configuration(url)) == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://ec2.eu-west-3.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "127.0.0.1:4566",
        "http://0.0.0.0:4566",
    ],
)
def test_any_other_place_is_refused_by_name(url):
    """One endpoint elsewhere is enough: nothing may ever reach a real account."""
    given = configuration(HERE)
    given["endpoints"][0]["sts"] = url
    assert url in refused(given)["endpoints"]


@pytest.mark.parametrize("endpoints", [None, [], [{}], "[]"])
def test_no_endpoint_is_refused(endpoints):
    """Without one boto3 would call the real AWS."""
    given = configuration(HERE) | {"endpoints": endpoints}
    assert "missing" in refused(given)["endpoints"]


def test_nested_values_may_be_json():
    """The SDK sends what is nested in a provider's configuration as text."""
    given = configuration(HERE)
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
    assert cloud.read_settings(texts) == cloud.read_settings(given)
    assert cloud.read_settings(texts).default_tags == TAGS
    assert cloud.read_settings(texts).ports() == {4566}


def test_the_secret_key_is_not_shown():
    """Settings may end up in a message."""
    settings = cloud.read_settings(configuration(HERE) | {"secretKey": "hush"})
    assert "hush" not in repr(settings)


def test_a_service_without_an_endpoint_is_an_error_that_names_it():
    """It never falls back to AWS's own address."""
    given = configuration(HERE) | {"endpoints": [{"s3": HERE}]}
    with pytest.raises(cloud.Refused, match="ec2"):
        cloud.Cloud(cloud.read_settings(given)).client("ec2")


def client_error(code, message="no such\nthing"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeThings")


@pytest.mark.parametrize(
    "code",
    [
        "InvalidVpcID.NotFound",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "ParameterNotFound",
        "RepositoryNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
        "404",
    ],
)
def test_each_services_word_for_gone_is_known(code):
    """Every service has its own."""
    assert cloud.is_gone(client_error(code))
    error = client_error(code)
    with cloud.gone_is_fine():
        raise error


def test_other_errors_stay():
    """Only what is gone is fine."""
    error = client_error("AccessDenied")
    with pytest.raises(ClientError), cloud.gone_is_fine():
        raise error


def test_a_fault_is_one_line():
    """Operation, code and AWS's message."""
    assert cloud.sentence(client_error("X")) == "DescribeThings: X: no such thing"
    assert "http://here" in cloud.sentence(EndpointConnectionError(endpoint_url="http://here"))


def test_a_call_is_repeated_for_the_codes_that_were_named():
    """What is not there yet may be there a moment later; another answer is final."""
    answers = [client_error("InvalidGroup.NotFound"), None]

    def call():
        if error := answers.pop(0):
            raise error
        return "done"

    insisting = cloud.Cloud(cloud.read_settings(configuration(HERE)), patience_s=5)
    assert insisting.insist(call, "InvalidGroup.NotFound") == "done"
    answers[:] = [client_error("AccessDenied"), None]
    with pytest.raises(ClientError, match="AccessDenied"):
        insisting.insist(call, "InvalidGroup.NotFound")


def test_waiting_ends():
    """What never comes is told, with the time."""
    impatient = cloud.Cloud(cloud.read_settings(configuration(HERE)), patience_s=0)
    with pytest.raises(cloud.Refused, match="i-1 to run: not so after 0 s"):
        impatient.wait("i-1 to run", lambda: False)
