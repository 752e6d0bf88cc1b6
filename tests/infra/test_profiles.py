"""What both profiles declare on both architectures: the security rules as policies."""

import itertools
import json

import pytest

from infra import endpoints
from tests.infra.recorder import ALLOWED, CERTIFICATE, of_type, run, run_with_protection

HARDENED = {"profile": "hardened", "certificateArn": CERTIFICATE}
PROFILES = {"dev": {}, "hardened": HARDENED}
TYPES = {"amd64": "t3.small", "arm64": "t4g.small"}


@pytest.fixture(scope="module", params=itertools.product(PROFILES, TYPES), ids="-".join)
def either(request):
    profile, architecture = request.param
    chosen = {"allowedCidr": ALLOWED, "instanceType": TYPES[architecture], **PROFILES[profile]}
    return run("dev", **chosen)


@pytest.fixture(scope="module")
def dev():
    return run("dev", allowedCidr=ALLOWED)


@pytest.fixture(scope="module")
def hardened():
    return run("dev", allowedCidr=ALLOWED, **HARDENED)


def one(declared, token):
    (found,) = of_type(declared, token)
    return found.inputs


def key_of(declared):
    (key,) = of_type(declared, "aws:kms/key:Key")
    return f"arn:{key.name}"


def named(declared, token, suffix):
    (found,) = (d.inputs for d in of_type(declared, token) if d.name.endswith(suffix))
    return found


def test_the_default_group_is_empty(either):
    """What lands in it by mistake reaches nothing."""
    group = one(either, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert group["ingress"] == group["egress"] == []


def test_all_traffic_is_logged_for_a_year(either):
    """Accepted and rejected, encrypted, by a role that only this account's flow logs take."""
    log = one(either, "aws:ec2/flowLog:FlowLog")
    group = one(either, "aws:cloudwatch/logGroup:LogGroup")
    assert log["trafficType"] == "ALL"
    assert group["retentionInDays"] == 365
    assert group["kmsKeyId"] == key_of(either)
    assert group["name"].startswith("/pulumi-mlops/dev/")
    role = named(either, "aws:iam/role:Role", "-flow")
    assert "aws:SourceAccount" in role["assumeRolePolicy"]


def test_every_subnet_is_within_the_wall(either):
    """A subnet without it has the VPC's own, which lets everything through."""
    acl = one(either, "aws:ec2/networkAcl:NetworkAcl")
    subnets = of_type(either, "aws:ec2/subnet:Subnet")
    assert sorted(acl["subnetIds"]) == sorted(f"{subnet.name}-id" for subnet in subnets)
    assert all(
        rule["protocol"] != "-1" or rule["cidrBlock"] != "0.0.0.0/0" for rule in acl["ingress"]
    )


def test_subnets_lie_in_two_zones_and_give_no_public_address(either):
    """One zone's loss leaves the other."""
    subnets = of_type(either, "aws:ec2/subnet:Subnet")
    assert {s.inputs["availabilityZone"] for s in subnets} == {"eu-west-3a", "eu-west-3b"}
    assert all(s.inputs["mapPublicIpOnLaunch"] is False for s in subnets)
    assert len({s.inputs["cidrBlock"] for s in subnets}) == len(subnets)


def test_no_rule_opens_anything_to_the_world(either):
    """Every rule says what it is for; what comes in comes from a known network or group."""
    token = "aws:vpc/securityGroup{0}Rule:SecurityGroup{0}Rule"
    inwards = of_type(either, token.format("Ingress"))
    assert inwards
    assert all(rule.inputs.get("cidrIpv4") != "0.0.0.0/0" for rule in inwards)
    for rule in (*inwards, *of_type(either, token.format("Egress"))):
        assert rule.inputs["description"]
        assert rule.inputs["ipProtocol"] in {"tcp", "udp"}
        assert rule.inputs["fromPort"] == rule.inputs["toPort"]
        assert ("cidrIpv4" in rule.inputs) != ("referencedSecurityGroupId" in rule.inputs)


def test_the_host_is_hardened(either):
    """IMDSv2, encrypted disks, a role, no public address at launch, no key pair unasked."""
    host = one(either, "aws:ec2/instance:Instance")
    # Two hops: the containers need the role.
    assert host["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 2,
    }
    assert host["associatePublicIpAddress"] is False
    assert host["monitoring"] is True
    assert host["ebsOptimized"] is True
    assert host["iamInstanceProfile"]
    assert "keyName" not in host
    disk, volume = host["rootBlockDevice"], one(either, "aws:ebs/volume:Volume")
    assert disk["encrypted"] is volume["encrypted"] is disk["deleteOnTermination"] is True
    assert disk["kmsKeyId"] == volume["kmsKeyId"] == key_of(either)
    attached = of_type(either, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert [a.inputs["policyArn"].rpartition("/")[2] for a in attached] == [
        "AmazonSSMManagedInstanceCore"
    ]


@pytest.mark.parametrize(("architecture", "instance_type"), TYPES.items())
def test_the_host_has_its_architectures_image(architecture, instance_type):
    """Debian's public parameter names one an architecture."""
    host = one(
        run("dev", allowedCidr=ALLOWED, instanceType=instance_type), "aws:ec2/instance:Instance"
    )
    assert host["ami"] == f"image of /aws/service/debian/release/13/latest/{architecture}"
    assert host["instanceType"] == instance_type


@pytest.mark.parametrize("suffix", ["-artifacts", "-logs"])
def test_every_bucket_is_private_versioned_and_tidy(either, suffix):
    """Both buckets have the same walls."""
    block = named(either, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", suffix)
    walls = {name: value for name, value in block.items() if name != "bucket"}
    assert walls == dict.fromkeys(
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
        True,
    )
    owner = named(either, "aws:s3/bucketOwnershipControls:BucketOwnershipControls", suffix)
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    versions = named(either, "aws:s3/bucketVersioning:BucketVersioning", suffix)
    assert versions["versioningConfiguration"] == {"status": "Enabled"}
    policy = named(either, "aws:s3/bucketPolicy:BucketPolicy", suffix)
    assert json.loads(policy["policy"])["Statement"][0]["Sid"] == "TlsOnly"
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = named(either, token, suffix)["rules"]
    assert rule["abortIncompleteMultipartUpload"]


def test_artifacts_are_encrypted_with_the_key_and_their_readers_known(either):
    """Each access is logged to the other bucket; each new object is an event."""
    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = named(either, token, "-artifacts")["rules"]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": key_of(either),
    }
    (rule,) = named(either, token, "-logs")["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    logging = one(either, "aws:s3/bucketLogging:BucketLogging")
    assert logging["targetBucket"].endswith("-logs-id")
    for events in of_type(either, "aws:s3/bucketNotification:BucketNotification"):
        assert events.inputs["eventbridge"] is True


def test_images_are_scanned_unchangeable_and_encrypted(either):
    """A tag names one image for ever."""
    repository = one(either, "aws:ecr/repository:Repository")
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"] == [
        {"encryptionType": "KMS", "kmsKey": key_of(either)}
    ]
    assert of_type(either, "aws:ecr/lifecyclePolicy:LifecyclePolicy")


def test_the_key_rotates_and_goes_slowly(either):
    """A month in which a mistake can be taken back."""
    key = one(either, "aws:kms/key:Key")
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    assert one(either, "aws:kms/alias:Alias")["name"] == "alias/pulumi-mlops-dev"


def test_a_dev_host_has_a_fixed_address_and_nothing_that_costs_by_the_hour(dev):
    """No NAT gateway, no endpoints, no load balancer."""
    assert of_type(dev, "aws:ec2/eipAssociation:EipAssociation")
    costly = ("natGateway", "vpcEndpoint", "aws:lb/")
    assert not [d.typ for d in dev if any(word in d.typ for word in costly)]


def test_a_hardened_host_has_no_address_and_a_way_out(hardened):
    """It is in a private subnet, whose routes lead over the NAT gateway."""
    assert not of_type(hardened, "aws:ec2/eipAssociation:EipAssociation")
    host = one(hardened, "aws:ec2/instance:Instance")
    assert "-private-" in host["subnetId"]
    assert "-public-" in one(hardened, "aws:ec2/natGateway:NatGateway")["subnetId"]
    route = named(hardened, "aws:ec2/route:Route", "-private-internet")
    assert "natGatewayId" in route
    assert "gatewayId" not in route


def test_a_hardened_hosts_questions_to_aws_stay_inside(hardened):
    """S3 by a route, the others by an interface that the VPC alone reaches."""
    made = [d.inputs for d in of_type(hardened, "aws:ec2/vpcEndpoint:VpcEndpoint")]
    interfaces = [e for e in made if e["vpcEndpointType"] == "Interface"]
    assert {e["serviceName"].removeprefix("com.amazonaws.eu-west-3.") for e in interfaces} == set(
        endpoints.INTERFACES
    )
    assert all(e["privateDnsEnabled"] is True for e in interfaces)
    assert all(len(e["securityGroupIds"]) == 1 for e in interfaces)
    (gateway,) = (e for e in made if e["vpcEndpointType"] == "Gateway")
    assert len(gateway["routeTableIds"]) == 2


def test_the_load_balancer_is_the_one_door(hardened):
    """In two zones, strict about headers, logged."""
    balancer = one(hardened, "aws:lb/loadBalancer:LoadBalancer")
    assert len(balancer["subnets"]) == 2
    assert all("-public-" in subnet for subnet in balancer["subnets"])
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "strictest"
    assert balancer["accessLogs"]["enabled"] is True
    assert balancer["accessLogs"]["bucket"].endswith("-logs-id")
    target = one(hardened, "aws:lb/targetGroup:TargetGroup")
    assert target["protocol"] == target["healthCheck"]["protocol"] == "HTTPS"
    assert target["healthCheck"]["path"] == "/healthz"


def test_the_load_balancer_speaks_tls_only(hardened):
    """Plain HTTP is sent to HTTPS; HTTPS is TLS 1.2 or newer, with the stack's certificate."""
    listeners = {d.inputs["port"]: d.inputs for d in of_type(hardened, "aws:lb/listener:Listener")}
    assert set(listeners) == {80, 443}
    assert listeners[443]["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert listeners[443]["certificateArn"] == CERTIFICATE
    (action,) = listeners[80]["defaultActions"]
    assert action["type"] == "redirect"
    assert action["redirect"]["protocol"] == "HTTPS"


def test_protected_data_outlives_the_stack():
    """The bucket, the images, the data volume, and the key that they can't be read without."""
    declared, protected = run_with_protection("dev", allowedCidr=ALLOWED, **HARDENED)
    assert {token for token, _ in protected} == {
        "aws:s3/bucket:Bucket",
        "aws:ecr/repository:Repository",
        "aws:ebs/volume:Volume",
        "aws:kms/key:Key",
    }
    assert {b.inputs["forceDestroy"] for b in of_type(declared, "aws:s3/bucket:Bucket")} == {False}
    assert one(declared, "aws:ecr/repository:Repository")["forceDelete"] is False
    assert one(declared, "aws:lb/loadBalancer:LoadBalancer")["enableDeletionProtection"] is True


@pytest.mark.parametrize("profile", PROFILES)
def test_unprotected_data_goes_with_the_stack(profile):
    """Nothing is left behind that costs."""
    chosen = {"protectData": "false", **PROFILES[profile]}
    declared, protected = run_with_protection("dev", allowedCidr=ALLOWED, **chosen)
    assert not protected
    assert {b.inputs["forceDestroy"] for b in of_type(declared, "aws:s3/bucket:Bucket")} == {True}
    assert one(declared, "aws:ecr/repository:Repository")["forceDelete"] is True
    for balancer in of_type(declared, "aws:lb/loadBalancer:LoadBalancer"):
        assert balancer.inputs["enableDeletionProtection"] is False
