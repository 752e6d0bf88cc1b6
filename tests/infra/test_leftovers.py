"""What a stack left behind is found, and nothing else; AWS's refusals are told in a line."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from infra import access, leftovers
from infra.errors import UserError
from infra.finders import Stack
from tests.infra.local.provider.conftest import ministack, moto  # noqa: F401  # fixtures

REGION = "eu-west-3"
DEV = Stack("shop", "dev")
OTHER = Stack("shop", "dev-2")


@pytest.fixture(params=["moto", "ministack"])
def make(request):
    """Clients of an emulator that nobody here wrote."""
    return access.clients(REGION, request.getfixturevalue(request.param))


@pytest.fixture
def where(request):
    """A stack of this test's own: the emulators keep what other tests made."""
    return leftovers.Place(Stack("shop", f"t{abs(hash(request.node.name)) % 10**6}"), REGION, "x")


def tags(stack):
    return [{"Key": key, "Value": value} for key, value in stack.tags.items()]


def leave(make, stack):
    """Leave one of each kind behind, and return how to name them."""
    ec2, iam, ecr, s3 = make("ec2"), make("iam"), make("ecr"), make("s3")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    volume = ec2.create_volume(AvailabilityZone="eu-west-3a", Size=1)["VolumeId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_tags(Resources=[vpc, subnet, volume, address], Tags=tags(stack))
    role = iam.create_role(
        RoleName=f"{stack.prefix}-host", AssumeRolePolicyDocument="{}", Tags=tags(stack)
    )["Role"]["RoleName"]
    bucket = f"{stack.prefix}-artifacts"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags(stack)})
    ecr.create_repository(repositoryName=stack.prefix, tags=tags(stack))
    make("ssm").put_parameter(Name=f"{stack.path}password", Value="x", Type="String")
    make("logs").create_log_group(logGroupName=f"{stack.path}flow")
    balancer = make("elbv2").create_target_group(
        Name=stack.prefix, Protocol="HTTP", Port=80, VpcId=vpc, Tags=tags(stack)
    )["TargetGroups"][0]["TargetGroupArn"]
    return {
        ("vpc", vpc),
        ("subnet", subnet),
        ("volume", volume),
        ("elastic-ip", address),
        ("role", role),
        ("bucket", bucket),
        ("repository", stack.prefix),
        ("parameter", f"{stack.path}password"),
        ("log-group", f"{stack.path}flow"),
        ("target-group", balancer),
    }


def test_nothing_is_left_of_a_stack_that_never_was(make, where):
    """An account with other things in it is clean for this stack."""
    found = leftovers.look(make, where)
    assert (found.left, found.going, found.unasked) == ((), (), ())
    assert found.clean


def test_everything_that_is_left_is_found(make, where):
    """One of each kind, tagged or known by its name."""
    made = leave(make, where.stack)
    found = leftovers.look(make, where)
    assert {(item.kind, item.id) for item in found.left} == made
    assert found.unasked == ()
    assert not found.clean


def test_the_resources_of_another_stack_are_not_ours(make, where):
    """Not even those whose name begins like this stack's."""
    leave(make, Stack(where.stack.project, f"{where.stack.name}-2"))
    assert leftovers.look(make, where).left == ()


def test_a_key_that_waits_for_its_deletion_is_told_and_no_leftover(make, where):
    """AWS keeps it for 7 to 30 days, whoever destroys it; a living key is left."""
    kms = make("kms")
    listed = [{"TagKey": key, "TagValue": value} for key, value in where.stack.tags.items()]
    key = kms.create_key(Tags=listed)["KeyMetadata"]["KeyId"]
    assert [item.id for item in leftovers.look(make, where).left] == [key]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    found = leftovers.look(make, where)
    assert found.clean
    (going,) = found.going
    assert going.id == key
    assert "AWS deletes it on 2" in going.going


def test_a_terminated_host_is_gone(make, where):
    """EC2 shows it for another hour."""
    ec2 = make("ec2")
    made = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags(where.stack)}],
    )["Instances"][0]["InstanceId"]
    assert ("instance", made) in {(i.kind, i.id) for i in leftovers.look(make, where).left}
    ec2.terminate_instances(InstanceIds=[made])
    assert not any(i.kind == "instance" for i in leftovers.look(make, where).left)


def test_the_index_of_tags_finds_what_nobody_thought_of(request, where):
    """A queue is no resource of the program: it is found by its tags on the real AWS."""
    make = access.clients(REGION, request.getfixturevalue("moto"))
    make("sqs").create_queue(QueueName=where.stack.prefix, tags=dict(where.stack.tags))
    found = leftovers.look(make, leftovers.Place(where.stack, REGION, None))
    assert [item.kind for item in found.left] == ["sqs"]


class Refusing:
    """Clients of an AWS that refuses each request."""

    def __init__(self, error, *, lets_in=False):
        self.error, self.lets_in = error, lets_in

    def __call__(self, _service):
        return self

    def get_caller_identity(self):
        if not self.lets_in:
            raise self.error

    def __getattr__(self, name):
        raise self.error


def refusal(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NoCredentialsError(), "there are no AWS credentials: log in"),
        (refusal("ExpiredToken"), "the AWS login has expired"),
        (refusal("InvalidClientTokenId"), "AWS does not know these credentials"),
        (refusal("OptInRequired"), "region eu-west-3 is not open to this account"),
        (EndpointConnectionError(endpoint_url="https://x"), "can't be reached in region eu-west-3"),
    ],
)
def test_an_aws_that_cannot_be_asked_is_one_line(error, told):
    """What was wrong and what to do, without a trace."""
    with pytest.raises(UserError) as refused:
        leftovers.look(Refusing(error), leftovers.Place(DEV, REGION, None))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_may_not_be_asked_is_not_taken_for_clean():
    """A role that may not list everything gets no all-clear."""
    found = leftovers.look(
        Refusing(refusal("AccessDenied"), lets_in=True), leftovers.Place(DEV, REGION, None)
    )
    assert not found.clean
    assert "buckets: these credentials may not do it" in " ".join(found.unasked)


def test_a_stack_that_is_not_there_is_refused(tmp_path):
    """With the stacks that there are."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  shop:region: eu-west-3\n")
    assert leftovers.place(tmp_path, "dev") == leftovers.Place(DEV, REGION, None)
    with pytest.raises(UserError, match="prod is refused: there are settings of dev"):
        leftovers.place(tmp_path, "prod")


def test_a_stack_without_a_region_is_refused(tmp_path):
    """Looking in the wrong region would find nothing."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  shop:owner: you\n")
    with pytest.raises(UserError, match="names no region"):
        leftovers.place(tmp_path, "dev")


def test_the_command_refuses_an_unknown_stack_in_one_line(capsys):
    """No trace for people."""
    assert leftovers.main(["--stack", "nowhere", "--json"]) == 1
    assert capsys.readouterr().err.startswith("error: --stack: nowhere is refused")


def test_the_report_is_for_people_and_for_scripts(capsys):
    """The same things in both."""
    found = leftovers.Report((leftovers.Found("vpc", "vpc-1"),), (), ())
    where = leftovers.Place(OTHER, REGION, None)
    leftovers.show(found, where, as_json=False)
    assert "vpc-1" in capsys.readouterr().out
    leftovers.show(found, where, as_json=True)
    assert json.loads(capsys.readouterr().out)["left"][0]["id"] == "vpc-1"
