"""What the engine asks for before and around AWS's own work."""

import asyncio

import pulumi.provider.experimental.provider as api
import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from infra.local.provider.catalog import TYPES
from infra.local.provider.cloud import Refused
from infra.local.provider.provider import AwsProvider
from infra.local.provider.values import UNKNOWN, plain_map, wire_map
from tests.infra.local.provider import cases, cases_edge
from tests.infra.local.provider.driver import TAGS, Driver, Resource, configuration

NOWHERE = "http://127.0.0.1:9"
VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
PARAMETER = "aws:ssm/parameter:Parameter"


def urn(token, name="it"):
    return f"urn:pulumi:test::shop::{token}::{name}"


@pytest.fixture
def offline():
    """A provider whose AWS nobody serves: it must not be called."""
    driver = Driver(AwsProvider())
    driver.configure(configuration(NOWHERE))
    return driver


def known(token, inputs, state=None):
    return Resource(token, "it", "id", inputs, {**inputs, **(state or {})})


def test_a_type_that_is_not_covered_is_named(offline):
    """Nothing is made up."""
    with pytest.raises(Refused, match="aws:sqs/queue:Queue is not covered"):
        offline.check("aws:sqs/queue:Queue", "it", {})


@pytest.mark.parametrize("token", TYPES)
def test_a_property_that_is_not_covered_is_named(offline, token):
    """Not one is silently dropped, in any type."""
    _, failures = offline.check(token, "it", {"colour": "red"})
    assert failures["colour"] == "is not covered by the embedded AWS provider"


def test_inline_routes_and_rules_are_refused(offline):
    """Both exist as resources of their own."""
    _, failures = offline.check("aws:ec2/routeTable:RouteTable", "it", {"vpcId": "v", "routes": []})
    assert "routes" in failures
    _, failures = offline.check("aws:ec2/securityGroup:SecurityGroup", "it", {"ingress": []})
    assert "ingress" in failures


def test_another_region_is_refused(offline):
    """A provider serves the region that it was given."""
    _, failures = offline.check(VPC, "it", {"cidrBlock": "10.0.0.0/16", "region": "us-east-1"})
    assert "eu-west-3" in failures["region"]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"fromPort": 443, "toPort": 80}, "toPort"),
        ({"fromPort": 443}, "toPort"),
        ({"fromPort": 1, "toPort": 2, "cidrIpv6": "::/0"}, "cidrIpv4"),
        ({"ipProtocol": "-1", "fromPort": 1}, "fromPort"),
    ],
)
def test_rules_are_judged_as_a_whole(offline, more, path):
    """One peer, and a range of ports that is one."""
    rule = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"}
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    _, failures = offline.check(token, "it", {**rule, **more})
    assert path in failures


ROUTE = "aws:ec2/route:Route"
ACL = "aws:ec2/networkAcl:NetworkAcl"
FLOW = "aws:ec2/flowLog:FlowLog"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
NAT = "aws:ec2/natGateway:NatGateway"
LISTENER = "aws:lb/listener:Listener"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-3:1:loadbalancer/app/edge/1"
FORWARD = {"type": "forward", "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-3:1:t/e/1"}
ENTRY = {"ruleNo": 1, "action": "allow", "protocol": "tcp", "fromPort": 1, "toPort": 2}


@pytest.mark.parametrize(
    ("token", "given", "path"),
    [
        (ROUTE, {"routeTableId": "r", "destinationCidrBlock": "0.0.0.0/0"}, "gatewayId"),
        (ACL, {"vpcId": "v", "ingress": [ENTRY]}, "ingress[0].cidrBlock"),
        (ACL, {"vpcId": "v", "egress": [{**ENTRY, "cidrBlock": "10.0.0.0/8"}] * 2}, "egress"),
        (
            FLOW,
            {"trafficType": "ALL", "logDestinationType": "s3", "logDestination": "arn:aws:s3:::l"},
            "vpcId",
        ),
        (
            FLOW,
            {"vpcId": "v", "trafficType": "ALL", "logDestination": "arn:aws:logs:r:1:log-group:g"},
            "iamRoleArn",
        ),
        (
            ENDPOINT,
            {"vpcId": "v", "serviceName": "com.amazonaws.s3", "subnetIds": ["s"]},
            "subnetIds",
        ),
        (NAT, {"subnetId": "s"}, "allocationId"),
        (
            NAT,
            {"subnetId": "s", "connectivityType": "private", "allocationId": "e"},
            "allocationId",
        ),
        (
            LISTENER,
            {
                "loadBalancerArn": BALANCER,
                "port": 443,
                "protocol": "HTTPS",
                "defaultActions": [FORWARD],
            },
            "certificateArn",
        ),
        (
            LISTENER,
            {"loadBalancerArn": BALANCER, "port": 80, "defaultActions": [{"type": "redirect"}]},
            "defaultActions[0].redirect",
        ),
        (
            LISTENER,
            {
                "loadBalancerArn": BALANCER,
                "port": 80,
                "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "defaultActions": [FORWARD],
            },
            "sslPolicy",
        ),
        ("aws:kms/alias:Alias", {"name": "alias/aws/mine", "targetKeyId": "k"}, "name"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 10}, "retentionInDays"),
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["only-one"]}, "subnets"),
    ],
)
def test_inputs_are_judged_together(offline, token, given, path):
    """What AWS would refuse of a combination is refused before it is asked."""
    _, failures = offline.check(token, "it", given)
    assert list(failures) == [path]


def test_a_secret_that_is_refused_is_not_told(offline):
    """The size of a value that is too large is enough."""
    secret = "hunter2" * 1000
    request = api.CheckRequest(
        urn(PARAMETER),
        {},
        wire_map({"type": "SecureString", "value": secret}, {"value"}),
        b"",
    )
    (failure,) = asyncio.run(offline.provider.check(request)).failures
    assert "7000 bytes" in failure.reason
    assert "hunter2" not in failure.reason
    # The engine prints the value of a property that a failure names.
    assert not failure.property


def test_a_name_is_made_up_once(offline):
    """From the resource's name; an update keeps it, a given one is left alone."""
    made, _ = offline.check("aws:ecr/repository:Repository", "Image", {})
    assert made["name"].startswith("image-")
    again, _ = offline.check(
        "aws:ecr/repository:Repository", "Image", {}, {"name": "image-0a1b2c3"}
    )
    assert again["name"] == "image-0a1b2c3"
    given, _ = offline.check("aws:ecr/repository:Repository", "Image", {"name": "mine"}, made)
    assert given["name"] == "mine"


def test_tags_are_the_providers_and_the_resources_own(offline):
    """The resource's own win."""
    given = {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "net", "project": "other"}}
    inputs, _ = offline.check(VPC, "it", given)
    assert inputs["tagsAll"] == {**TAGS, "Name": "net", "project": "other"}
    inputs, _ = offline.check(VPC, "it", {**given, "tags": UNKNOWN})
    assert inputs["tagsAll"] is UNKNOWN


def test_other_default_tags_are_an_update(offline):
    """They show on every resource, and replace none."""
    it = known(VPC, offline.check(VPC, "it", {"cidrBlock": "10.0.0.0/16"})[0])
    offline.configure(configuration(NOWHERE, {**TAGS, "stack": "prod"}))
    assert offline.diff(it, {"cidrBlock": "10.0.0.0/16"}) == {'tagsAll["stack"]': False}


def difference(driver, it, new):
    request = api.DiffRequest(it.urn, it.id, wire_map(it.state), wire_map(new), [])
    return asyncio.run(driver.provider.diff(request))


def test_a_replacement_waits_for_the_old_one_only_where_names_collide(offline):
    """With a name that was given, AWS would refuse the new one beside the old one."""
    role = {"assumeRolePolicy": '{"Statement": {"Effect": "Allow", "Action": "x"}}'}
    token = "aws:iam/role:Role"
    made, _ = offline.check(token, "it", role)
    moved = {**made, "path": "/ops/"}
    assert not difference(offline, known(token, made), moved).delete_before_replace
    given = {**made, "name": "mine"}
    answer = difference(offline, known(token, given), {**given, "path": "/ops/"})
    assert answer.delete_before_replace
    assert answer.replaces == ["path"]
    assert answer.detailed_diff["path"].kind is api.PropertyDiffKind.UPDATE_REPLACE


@pytest.mark.parametrize(
    ("token", "old", "new", "replaced"),
    [
        (VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}, {"cidrBlock"}),
        (
            "aws:ec2/instance:Instance",
            {"userData": "a", "userDataReplaceOnChange": True},
            {"userData": "b", "userDataReplaceOnChange": True},
            {"userData"},
        ),
        ("aws:ec2/instance:Instance", {"userData": "a"}, {"userData": "b"}, set()),
        ("aws:ec2/instance:Instance", {"ami": "ami-1"}, {"ami": "ami-2"}, {"ami"}),
        ("aws:ec2/instance:Instance", {"keyName": "a"}, {"keyName": "b"}, {"keyName"}),
        ("aws:ec2/instance:Instance", {"instanceType": "a"}, {"instanceType": "b"}, set()),
        ("aws:ebs/volume:Volume", {"size": 4}, {"size": 8}, set()),
        (
            "aws:ebs/volume:Volume",
            {"availabilityZone": "a"},
            {"availabilityZone": "b"},
            {"availabilityZone"},
        ),
        (BUCKET, {"bucket": "aaa"}, {"bucket": "bbb"}, {"bucket"}),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"key": "a"}, {"key": "b"}, {"key"}),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"content": "a"}, {"content": "b"}, set()),
        (PARAMETER, {"value": "a"}, {"value": "b"}, set()),
    ],
)
def test_what_takes_another_resource(offline, token, old, new, replaced):
    """As pulumi-aws marks it."""
    answer = difference(offline, known(token, old), new)
    assert answer.changes
    assert set(answer.replaces) == replaced


def test_a_preview_calls_nobody(offline):
    """Creating and updating answer with what is known, and unknowns for the rest."""
    inputs, _ = offline.check(PARAMETER, "it", {"type": "SecureString", "value": UNKNOWN})
    request = api.CreateRequest(urn(PARAMETER), wire_map(inputs), 60, preview=True)
    shown = asyncio.run(offline.provider.create(request))
    assert shown.resource_id == ""
    assert shown.properties["value"].is_secret
    state = plain_map(shown.properties)
    assert (state["arn"], state["version"], state["value"]) == (UNKNOWN, UNKNOWN, UNKNOWN)
    old = {**inputs, "value": "a", "arn": "arn:1", "version": 1}
    request = api.UpdateRequest(
        urn(PARAMETER),
        "/it",
        wire_map(old),
        wire_map({**inputs, "value": "b"}),
        60,
        [],
        preview=True,
    )
    state = plain_map(asyncio.run(offline.provider.update(request)).properties)
    assert (state["arn"], state["version"], state["value"]) == ("arn:1", UNKNOWN, "b")


def test_a_function_that_is_not_covered_is_named(offline):
    """The program hears it at once."""
    with pytest.raises(Refused, match="aws:ec2/getAmi:getAmi is not covered"):
        asyncio.run(offline.provider.invoke(api.InvokeRequest("aws:ec2/getAmi:getAmi", {})))


def test_an_aws_that_does_not_answer_is_one_line(offline):
    """Resource and address are named."""
    with pytest.raises(Refused, match=r"VpcEndpoint|it: .*127\.0\.0\.1:9") as caught:
        offline.create(VPC, "it", {"cidrBlock": "10.0.0.0/16"})
    assert "\n" not in str(caught.value)


def test_a_bad_configuration_is_refused_twice():
    """By the check that the engine shows, and again when it is to be used."""
    provider = AwsProvider()
    given = wire_map(configuration("https://ec2.eu-west-3.amazonaws.com"))
    request = api.CheckRequest(urn("pulumi:providers:aws"), {}, given, b"")
    (failure,) = asyncio.run(provider.check_config(request)).failures
    assert "never talks to a real AWS" in failure.reason
    with pytest.raises(Refused, match="never talks to a real AWS"):
        asyncio.run(
            provider.configure(
                api.ConfigureRequest({}, given, accept_secrets=True, accept_resources=True)
            )
        )


def call(driver, token, args):
    answer = asyncio.run(driver.provider.invoke(api.InvokeRequest(token, wire_map(args))))
    return answer.return_value


def test_functions_answer(driver):
    """Zones of the region in order, the account, a parameter that AWS publishes."""
    zones = plain_map(call(driver, "aws:index/getAvailabilityZones:getAvailabilityZones", {}))
    assert zones["names"][:2] == ["eu-west-3a", "eu-west-3b"]
    who = plain_map(call(driver, "aws:index/getCallerIdentity:getCallerIdentity", {}))
    assert len(who["accountId"]) == 12
    driver.create(PARAMETER, "open", {"name": "/shop/open", "type": "String", "value": "v"})
    told = call(driver, "aws:ssm/getParameter:getParameter", {"name": "/shop/open"})
    assert (told["value"].value, told["value"].is_secret) == ("v", False)


def test_an_encrypted_parameter_is_a_secret_wherever_it_appears(driver):
    """In the state, in the inputs of a refresh and an import, and from the function."""
    given = {"name": "/shop/shut", "type": "SecureString", "value": "hunter2"}
    it = driver.create(PARAMETER, "shut", given)
    told = call(driver, "aws:ssm/getParameter:getParameter", {"name": "/shop/shut"})
    assert told["value"] == PropertyValue("hunter2", is_secret=True)
    for properties, inputs in ((wire_map(it.state), wire_map(it.inputs)), ({}, {})):
        request = api.ReadRequest(it.urn, it.id, properties, inputs)
        answer = asyncio.run(driver.provider.read(request))
        assert answer.properties["value"].is_secret
        assert answer.inputs["value"].is_secret


def test_what_was_secret_stays_secret(driver):
    """Tags given as a secret hide `tagsAll` too, through creation and refresh."""
    inputs, _ = driver.check(VPC, "it", {"cidrBlock": "10.3.0.0/16", "tags": {"k": "hunter2"}})
    request = api.CreateRequest(urn(VPC), wire_map(inputs, {"tags"}), 60, preview=False)
    made = asyncio.run(driver.provider.create(request))
    driver.made.append(Resource(VPC, "it", made.resource_id, inputs, plain_map(made.properties)))
    assert made.properties["tags"].is_secret
    assert made.properties["tagsAll"].is_secret
    assert not made.properties["cidrBlock"].is_secret
    read = api.ReadRequest(urn(VPC), made.resource_id, made.properties, wire_map(inputs, {"tags"}))
    answer = asyncio.run(driver.provider.read(read))
    assert answer.properties["tagsAll"].is_secret


def test_a_forced_bucket_goes_with_all_its_versions(driver):
    """Also delete markers; without force AWS refuses, and the reason is told."""
    s3 = driver.client("s3")
    it = driver.create(BUCKET, "art", {})
    s3.put_bucket_versioning(Bucket=it.id, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=it.id, Key="a", Body=body)
    s3.delete_object(Bucket=it.id, Key="a")
    with pytest.raises(Refused, match="BucketNotEmpty"):
        driver.delete(it)
    driver.update(it, {"forceDestroy": True})
    driver.delete(it)
    assert not driver.refresh(it)


def test_a_security_group_lets_nothing_out_by_itself(driver):
    """EC2's own rule goes: what is open is declared."""
    vpc = driver.create(VPC, "net", {"cidrBlock": "10.4.0.0/16"})
    it = driver.create("aws:ec2/securityGroup:SecurityGroup", "host", {"vpcId": vpc.id})
    told = driver.client("ec2").describe_security_groups(GroupIds=[it.id])["SecurityGroups"][0]
    assert told["IpPermissionsEgress"] == []


def test_an_object_given_as_base64_is_stored_as_bytes(driver):
    """A bundle is no text; a changed one is uploaded again, under the same key."""
    bucket = driver.create(BUCKET, "art", {"forceDestroy": True}).id
    given = {"bucket": bucket, "key": "b.gz", "contentBase64": "AP8="}
    it = driver.create("aws:s3/bucketObjectv2:BucketObjectv2", "b", given)
    driver.update(it, {**given, "contentBase64": "AAA="})
    body = driver.client("s3").get_object(Bucket=bucket, Key="b.gz")["Body"].read()
    assert body == b"\0\0"
    assert it.state["tagsAll"] == TAGS


def volumes(driver):
    return {v["VolumeId"] for v in driver.client("ec2").describe_volumes()["Volumes"]}


def test_a_host_takes_its_own_disk_with_it(driver):
    """No volume is left of an instance that is gone."""
    before = volumes(driver)
    given = {
        "ami": cases.image(driver),
        "instanceType": "t3.small",
        "rootBlockDevice": {"volumeSize": 8, "deleteOnTermination": True},
    }
    it = driver.create("aws:ec2/instance:Instance", "host", given)
    driver.delete(it)
    assert volumes(driver) == before


def test_a_last_snapshot_is_made_where_it_is_asked_for(driver):
    """Before the volume goes, with its tags."""
    given = {"availabilityZone": "eu-west-3a", "size": 4, "finalSnapshot": True}
    it = driver.create("aws:ebs/volume:Volume", "data", given)
    driver.delete(it)
    ec2 = driver.client("ec2")
    (snapshot,) = [
        s for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] if s["VolumeId"] == it.id
    ]
    assert {t["Key"] for t in snapshot["Tags"]} == set(TAGS)
    ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])


def test_a_default_group_is_emptied_and_kept(driver):
    """What comes without a group of its own reaches nothing, also after the resource is gone."""
    vpc = driver.create(VPC, "net", {"cidrBlock": "10.5.0.0/16"})
    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    it = driver.create(token, "none", {"vpcId": vpc.id})
    driver.delete(it)
    told = driver.client("ec2").describe_security_groups(GroupIds=[it.id])["SecurityGroups"][0]
    assert (told["IpPermissions"], told["IpPermissionsEgress"]) == ([], [])


def test_a_protected_balancer_is_not_removed(driver):
    """As by the service itself; what to do is told."""
    given = cases_edge.balancer_given(driver, enableDeletionProtection=True)
    it = driver.create("aws:lb/loadBalancer:LoadBalancer", "edge", given)
    try:
        with pytest.raises(Refused, match="enableDeletionProtection to false"):
            driver.delete(it)
    finally:
        driver.update(it, {**given, "enableDeletionProtection": False})


def test_a_volume_does_not_shrink(driver):
    """It grows in place."""
    given = {"availabilityZone": "eu-west-3a", "size": 4, "type": "gp3"}
    it = driver.create("aws:ebs/volume:Volume", "data", given)
    driver.update(it, {**given, "size": 6})
    assert it.state["size"] == 6
    with pytest.raises(Refused, match="shrink from 6 to 4"):
        driver.update(it, given)
