"""The host that an update waits for, as AWS shows it."""

import boto3
import pytest
from moto import mock_aws

from infra import status
from infra.readiness import _Aws

REGION = "eu-west-3"


@pytest.fixture(scope="module")
def props():
    """Give a resource's properties as the engine hands them to its provider: without a None."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.delenv("AWS_PROFILE", raising=False)
        ec2 = boto3.client("ec2", REGION)
        ami = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=ami, MinCount=1, MaxCount=1, InstanceType="t3.small")
        boto3.client("s3", REGION).create_bucket(
            Bucket="shop", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield {
            "predict_url": "http://127.0.0.1:9/predict",
            "verified": False,
            "edge_signs": True,
            "key": "the operator's key",
            "instance_id": made["Instances"][0]["InstanceId"],
            "bundle": "b" * 64,
            "bucket": "shop",
            "region": REGION,
            "timeout_s": 10.0,
        }


def test_the_real_aws_is_what_has_no_endpoint(props):
    """The engine drops a property that is None: its absence is the usual case."""
    host = _Aws(props)
    assert host.report() is None
    told = status.HostStatus("b" * 64, services={"mlflow": "healthy"}, authority="PEM")
    boto3.client("s3", REGION).put_object(
        Bucket="shop", Key=status.STATUS_KEY, Body=told.text().encode()
    )
    assert host.report() == told
    assert host.authority == "PEM"
    assert _Aws({**props, "edge_signs": False}).authority == ""


def test_what_does_not_answer_is_a_reason(props):
    """The address, to look at it."""
    assert "127.0.0.1:9" in _Aws(props).predict().reason


def test_an_instance_that_is_gone_is_known_to_be(props):
    """A stopped one answers nobody; the diagnosis says how to start it."""
    host = _Aws(props)
    assert host.lost() == ""
    boto3.client("ec2", REGION).stop_instances(InstanceIds=[props["instance_id"]])
    assert host.lost()
    assert any("start-instances" in line for line in host.diagnose(reported=False))


def test_the_machine_of_stack_local_is_not_asked_of_ec2(props):
    """Its processes are this machine's, with logs of their own."""
    host = _Aws({**props, "aws_endpoint": "http://127.0.0.1:9"})
    assert host.lost() == ""
    assert host.diagnose(reported=False) == []
