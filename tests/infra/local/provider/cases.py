"""One case a type: what it is made from, how somebody else changes it, how they remove it."""

import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.infra.local.provider.driver import REGION

ZONE = f"{REGION}a"
IMAGES = {}


def policy(action="s3:GetObject", **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service="ec2"):
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Case:
    """A type's lifecycle.

    `given` makes the inputs (and what they need) with a driver; `drift` changes something behind
    the provider's back; `drifted` is the property in which that shows; `remove` takes it away.
    `lacks` tells what an emulator can't do, by emulator and test; `variant` names another case of
    the same type.
    """

    type_name: str
    given: Any
    remove: Any
    drift: Any = None
    drifted: str = ""
    lacks: dict[tuple[str, str], str] = field(default_factory=dict)
    variant: str = ""

    @property
    def name(self):
        """What pytest shows."""
        return "-".join(filter(None, [self.type_name.rpartition(":")[2], self.variant]))


def vpc(d, cidr="10.1.0.0/16"):
    return d.create("aws:ec2/vpc:Vpc", "net", {"cidrBlock": cidr}).id


def subnet(d, vpc_id=None):
    given = {
        "vpcId": vpc_id or vpc(d),
        "cidrBlock": "10.1.1.0/24",
        "availabilityZone": ZONE,
    }
    return d.create("aws:ec2/subnet:Subnet", "net-a", given).id


def gateway(d, vpc_id):
    return d.create("aws:ec2/internetGateway:InternetGateway", "door", {"vpcId": vpc_id}).id


def table(d, vpc_id):
    return d.create("aws:ec2/routeTable:RouteTable", "ways", {"vpcId": vpc_id}).id


def group(d, vpc_id=None):
    given = {"vpcId": vpc_id or vpc(d), "description": "hosts"}
    return d.create("aws:ec2/securityGroup:SecurityGroup", "host", given).id


def image(d):
    """Return an image that the emulator has; its list is long, and asked for once."""
    if d.endpoint not in IMAGES:
        told = d.client("ec2").describe_images(Owners=["amazon"])["Images"]
        IMAGES[d.endpoint] = told[0]["ImageId"]
    return IMAGES[d.endpoint]


def instance(d):
    given = {"ami": image(d), "instanceType": "t3.small", "subnetId": subnet(d)}
    return d.create("aws:ec2/instance:Instance", "host", given).id


def volume(d):
    given = {"availabilityZone": ZONE, "size": 4, "tags": {"Name": "data"}}
    return d.create("aws:ebs/volume:Volume", "data", given).id


def bucket(d):
    return d.create("aws:s3/bucket:Bucket", "artifacts", {"forceDestroy": True}).id


def repository(d):
    return d.create("aws:ecr/repository:Repository", "Image", {}).id


def role(d):
    return d.create("aws:iam/role:Role", "host", {"assumeRolePolicy": trust()}).id


def profile(d):
    return d.create("aws:iam/instanceProfile:InstanceProfile", "host", {"role": role(d)}).id


def route_given(d):
    vpc_id = vpc(d)
    return {
        "routeTableId": table(d, vpc_id),
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": gateway(d, vpc_id),
    }


def association_given(d):
    vpc_id = vpc(d)
    return {"subnetId": subnet(d, vpc_id), "routeTableId": table(d, vpc_id)}


def rule_given(d):
    return {
        "securityGroupId": group(d),
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "203.0.113.7/32",
        "description": "HTTPS",
    }


def instance_given(d):
    vpc_id = vpc(d)
    return {
        "ami": image(d),
        "instanceType": "t3.small",
        "subnetId": subnet(d, vpc_id),
        "vpcSecurityGroupIds": [group(d, vpc_id)],
        "iamInstanceProfile": profile(d),
        "userData": "#cloud-config\n{}\n",
        "userDataReplaceOnChange": True,
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
        "rootBlockDevice": {"volumeSize": 16, "volumeType": "gp3", "encrypted": True},
        "tags": {"Name": "host"},
    }


def attachment_given(d):
    return {"deviceName": "/dev/sdf", "volumeId": volume(d), "instanceId": instance(d)}


def drop_tag(d, it):
    d.client("ec2").delete_tags(Resources=[it.id], Tags=[{"Key": "project"}])


def change_rule(d, it):
    request = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "CidrIpv4": "0.0.0.0/0",
        "Description": "HTTPS",
    }
    d.client("ec2").modify_security_group_rules(
        GroupId=it.state["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": it.id, "SecurityGroupRule": request}],
    )


def unset(operation):
    """Return the removal of a bucket's setting."""
    return lambda d, it: getattr(d.client("s3"), operation)(Bucket=it.id)


def eip(d):
    return d.create("aws:ec2/eip:Eip", "host", {}).id


def lifecycle(count):
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count},
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})


def managed(d):
    """Return a managed policy of the account: moto knows AWS's own only on demand."""
    made = {
        p["PolicyName"]: p["Arn"] for p in d.client("iam").list_policies(Scope="Local")["Policies"]
    }
    if "shop" not in made:
        given = {"PolicyName": "shop", "PolicyDocument": policy()}
        return d.client("iam").create_policy(**given)["Policy"]["Arn"]
    return made["shop"]


def empty_profile(d, it):
    d.client("iam").remove_role_from_instance_profile(
        InstanceProfileName=it.id, RoleName=it.state["role"]
    )


def public_key():
    """Return a real public key: an emulator may decode it."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    form = serialization.PublicFormat.OpenSSH
    return made.public_bytes(serialization.Encoding.OpenSSH, form).decode() + " ada@laptop"


CASES = (
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.2.0.0/16", "enableDnsHostnames": True},
        lambda d, it: d.client("ec2").delete_vpc(VpcId=it.id),
        lambda d, it: d.client("ec2").modify_vpc_attribute(
            VpcId=it.id, EnableDnsHostnames={"Value": False}
        ),
        "enableDnsHostnames",
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda d: {"vpcId": vpc(d), "cidrBlock": "10.1.1.0/24", "availabilityZone": ZONE},
        lambda d, it: d.client("ec2").delete_subnet(SubnetId=it.id),
        lambda d, it: d.client("ec2").modify_subnet_attribute(
            SubnetId=it.id, MapPublicIpOnLaunch={"Value": True}
        ),
        "mapPublicIpOnLaunch",
    ),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda d: {"vpcId": vpc(d)},
        lambda d, it: (
            d.client("ec2").detach_internet_gateway(
                InternetGatewayId=it.id, VpcId=it.state["vpcId"]
            ),
            d.client("ec2").delete_internet_gateway(InternetGatewayId=it.id),
        ),
        lambda d, it: d.client("ec2").detach_internet_gateway(
            InternetGatewayId=it.id, VpcId=it.state["vpcId"]
        ),
        "vpcId",
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda d: {"vpcId": vpc(d)},
        lambda d, it: d.client("ec2").delete_route_table(RouteTableId=it.id),
        drop_tag,
        'tagsAll["project"]',
    ),
    Case(
        "aws:ec2/route:Route",
        route_given,
        lambda d, it: d.client("ec2").delete_route(
            RouteTableId=it.state["routeTableId"], DestinationCidrBlock="0.0.0.0/0"
        ),
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        association_given,
        lambda d, it: d.client("ec2").disassociate_route_table(AssociationId=it.id),
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda d: {"vpcId": vpc(d), "description": "hosts"},
        lambda d, it: d.client("ec2").delete_security_group(GroupId=it.id),
        drop_tag,
        'tagsAll["project"]',
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        rule_given,
        lambda d, it: d.client("ec2").revoke_security_group_ingress(
            GroupId=it.state["securityGroupId"], SecurityGroupRuleIds=[it.id]
        ),
        change_rule,
        "cidrIpv4",
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        rule_given,
        lambda d, it: d.client("ec2").revoke_security_group_egress(
            GroupId=it.state["securityGroupId"], SecurityGroupRuleIds=[it.id]
        ),
        change_rule,
        "cidrIpv4",
    ),
    Case(
        "aws:ec2/keyPair:KeyPair",
        lambda _: {"publicKey": public_key()},
        lambda d, it: d.client("ec2").delete_key_pair(KeyName=it.id),
        lacks={("ministack", "import"): "shows no public key"},
    ),
    Case(
        "aws:ec2/instance:Instance",
        instance_given,
        lambda d, it: d.client("ec2").terminate_instances(InstanceIds=[it.id]),
        lambda d, it: d.client("ec2").delete_tags(Resources=[it.id], Tags=[{"Key": "Name"}]),
        'tags["Name"]',
        lacks={("ministack", "import"): "keeps no user data, metadata options or disk sizes"},
    ),
    Case(
        "aws:ebs/volume:Volume",
        lambda _: {"availabilityZone": ZONE, "size": 4, "type": "gp3", "encrypted": True},
        lambda d, it: d.client("ec2").delete_volume(VolumeId=it.id),
        drop_tag,
        'tagsAll["project"]',
    ),
    Case(
        "aws:ec2/volumeAttachment:VolumeAttachment",
        attachment_given,
        lambda d, it: d.client("ec2").detach_volume(
            VolumeId=it.state["volumeId"], InstanceId=it.state["instanceId"]
        ),
    ),
    Case(
        "aws:ec2/eip:Eip",
        lambda _: {"domain": "vpc"},
        lambda d, it: d.client("ec2").release_address(AllocationId=it.id),
        drop_tag,
        'tagsAll["project"]',
    ),
    Case(
        "aws:ec2/eipAssociation:EipAssociation",
        lambda d: {"allocationId": eip(d), "instanceId": instance(d)},
        lambda d, it: d.client("ec2").disassociate_address(AssociationId=it.id),
    ),
    Case(
        "aws:s3/bucket:Bucket",
        lambda _: {"forceDestroy": True, "tags": {"Name": "art"}},
        lambda d, it: d.client("s3").delete_bucket(Bucket=it.id),
        lambda d, it: d.client("s3").delete_bucket_tagging(Bucket=it.id),
        'tags["Name"]',
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda d: {"bucket": bucket(d), "versioningConfiguration": {"status": "Enabled"}},
        lambda d, it: d.client("s3").delete_bucket(Bucket=it.id),
        lambda d, it: d.client("s3").put_bucket_versioning(
            Bucket=it.id, VersioningConfiguration={"Status": "Suspended"}
        ),
        "versioningConfiguration.status",
        lacks={
            (emulator, "delete"): "S3 itself has no way back to a bucket that never had versions"
            for emulator in ("moto", "ministack")
        },
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda d: {"bucket": bucket(d), "blockPublicAcls": True, "blockPublicPolicy": True},
        unset("delete_public_access_block"),
        lambda d, it: d.client("s3").put_public_access_block(
            Bucket=it.id,
            PublicAccessBlockConfiguration={"BlockPublicAcls": False, "BlockPublicPolicy": True},
        ),
        "blockPublicAcls",
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda d: {
            "bucket": bucket(d),
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        unset("delete_bucket_encryption"),
        lambda d, it: d.client("s3").put_bucket_encryption(
            Bucket=it.id,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        "rules",
        lacks={
            ("ministack", test): "as S3 itself, it goes back to a default and not to none"
            for test in ("remove", "delete")
        },
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda d: {"bucket": bucket(d), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        unset("delete_bucket_ownership_controls"),
        lambda d, it: d.client("s3").put_bucket_ownership_controls(
            Bucket=it.id, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        "rule.objectOwnership",
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda d: {"bucket": bucket(d), "policy": policy(Principal="*")},
        unset("delete_bucket_policy"),
        lambda d, it: d.client("s3").put_bucket_policy(
            Bucket=it.id, Policy=policy("s3:*", Principal="*")
        ),
        "policy",
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda d: {
            "bucket": bucket(d),
            "key": "host/pointer",
            "content": "one",
            "contentType": "text/plain",
        },
        lambda d, it: d.client("s3").delete_object(Bucket=it.state["bucket"], Key="host/pointer"),
        lambda d, it: d.client("s3").put_object(
            Bucket=it.state["bucket"], Key="host/pointer", Body=b"two", ContentType="text/plain"
        ),
        "content",
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda _: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "forceDelete": True,
        },
        lambda d, it: d.client("ecr").delete_repository(repositoryName=it.id),
        lambda d, it: d.client("ecr").put_image_scanning_configuration(
            repositoryName=it.id, imageScanningConfiguration={"scanOnPush": False}
        ),
        "imageScanningConfiguration.scanOnPush",
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda d: {"repository": repository(d), "policy": lifecycle(10)},
        lambda d, it: d.client("ecr").delete_lifecycle_policy(repositoryName=it.id),
        lambda d, it: d.client("ecr").put_lifecycle_policy(
            repositoryName=it.id, lifecyclePolicyText=lifecycle(3)
        ),
        "policy",
    ),
    Case(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": trust(), "description": "hosts"},
        lambda d, it: d.client("iam").delete_role(RoleName=it.id),
        lambda d, it: d.client("iam").update_assume_role_policy(
            RoleName=it.id, PolicyDocument=trust("lambda")
        ),
        "assumeRolePolicy",
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda d: {"role": role(d), "policy": policy()},
        lambda d, it: d.client("iam").delete_role_policy(
            RoleName=it.state["role"], PolicyName=it.state["name"]
        ),
        lambda d, it: d.client("iam").put_role_policy(
            RoleName=it.state["role"], PolicyName=it.state["name"], PolicyDocument=policy("s3:*")
        ),
        "policy",
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda d: {"role": role(d), "policyArn": managed(d)},
        lambda d, it: d.client("iam").detach_role_policy(
            RoleName=it.state["role"], PolicyArn=it.state["policyArn"]
        ),
    ),
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda d: {"role": role(d)},
        lambda d, it: (
            empty_profile(d, it),
            d.client("iam").delete_instance_profile(InstanceProfileName=it.id),
        ),
        empty_profile,
        "role",
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda _: {"name": "/shop/test/password", "type": "SecureString", "value": "hunter2"},
        lambda d, it: d.client("ssm").delete_parameter(Name=it.id),
        lambda d, it: d.client("ssm").put_parameter(
            Name=it.id, Value="changed", Type="SecureString", Overwrite=True
        ),
        "value",
    ),
)
