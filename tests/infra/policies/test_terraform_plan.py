"""The translation of Pulumi's words into Terraform's."""

import pytest

from infra.policies.declared import Declared
from tests.infra.policies.terraform_plan import plan, terraform_type, values


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:ec2/vpc:Vpc", "aws_vpc"),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", "aws_vpc_endpoint"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws_iam_role_policy_attachment"),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws_s3_object"),
    ],
)
def test_a_type_has_terraforms_name(token, expected):
    """By its module and name, or by the table."""
    assert terraform_type(token) == expected


def test_properties_have_terraforms_names_and_blocks():
    """Objects are blocks, in lists; lists of objects lose their plural; tags stay a map."""
    given = {
        "metadataOptions": {"httpTokens": "required"},
        "rules": [{"bucketKeyEnabled": True}],
        "ingress": [{"fromPort": 22}],
        "subnetIds": ["a", "b"],
        "tags": {"Name": "x"},
    }
    assert values(given) == {
        "metadata_options": [{"http_tokens": "required"}],
        "rule": [{"bucket_key_enabled": True}],
        "ingress": [{"from_port": 22}],
        "subnet_ids": ["a", "b"],
        "tags": {"Name": "x"},
    }


def test_references_connect_resources():
    """What belongs to what is seen through them."""
    vpc = Declared("aws:ec2/vpc:Vpc", "net", {}, "v")
    log = Declared("aws:ec2/flowLog:FlowLog", "log", {}, "l", {"vpcId": frozenset({"v"})})

    resources = plan([vpc, log])["configuration"]["root_module"]["resources"]

    assert resources[1]["expressions"]["vpc_id"]["references"] == ["aws_vpc.net.id", "aws_vpc.net"]
