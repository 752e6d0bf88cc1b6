"""What stack `local` shows of each resource type beyond its lifecycle, and what it can't show."""

from collections.abc import Mapping
from dataclasses import dataclass

ROUTES = "no packet is routed: the network exists as records"
FILTERS = "filters nothing: stack `local` listens on 127.0.0.1 only"
IAM = "IAM is not enforced: every request is allowed"
ENCRYPTS = "nothing is encrypted"
LISTENS = "nothing listens, no health check is made"
BOOT_TEST = "(`make boot-test` does that)"


@dataclass(frozen=True)
class Limits:
    """Beyond create, read, update, refresh and delete: what really happens, and what does not.

    What is `absent` is not declared on stack `local` at all.
    """

    cannot: str
    runs: str = ""
    absent: bool = False


UNKNOWN = Limits("nobody has written down what stack `local` can't show of it")

LIMITS: Mapping[str, Limits] = {
    "aws:cloudwatch/logGroup:LogGroup": Limits("no log arrives, nothing expires"),
    "aws:ebs/volume:Volume": Limits(
        f"no disk is formatted or mounted {BOOT_TEST}; size and encryption bind nothing",
        "a folder plays the disk: its data outlives the host",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Limits(FILTERS),
    "aws:ec2/eip:Eip": Limits("the address leads nowhere: services are reached on 127.0.0.1"),
    "aws:ec2/eipAssociation:EipAssociation": Limits("the address leads nowhere"),
    "aws:ec2/flowLog:FlowLog": Limits("no traffic is logged"),
    "aws:ec2/instance:Instance": Limits(
        f"no image boots, cloud-init and Docker do not run {BOOT_TEST}; no metadata service, no "
        "limit of memory or processor",
        "processes of this machine play it, from the same bundle: training, API, MLflow and "
        "monitoring really run, and `up` waits for a real prediction",
    ),
    "aws:ec2/internetGateway:InternetGateway": Limits(ROUTES),
    "aws:ec2/keyPair:KeyPair": Limits("nobody can log in: there is no SSH server"),
    "aws:ec2/natGateway:NatGateway": Limits(ROUTES),
    "aws:ec2/networkAcl:NetworkAcl": Limits(FILTERS),
    "aws:ec2/route:Route": Limits(ROUTES),
    "aws:ec2/routeTable:RouteTable": Limits(ROUTES),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Limits(ROUTES),
    "aws:ec2/securityGroup:SecurityGroup": Limits(FILTERS),
    "aws:ec2/subnet:Subnet": Limits(ROUTES),
    "aws:ec2/volumeAttachment:VolumeAttachment": Limits(
        "no device appears", "the host sees the folder while it is attached"
    ),
    "aws:ec2/vpc:Vpc": Limits(ROUTES),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Limits(ROUTES),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Limits("no image expires"),
    "aws:ecr/repository:Repository": Limits("no image is pushed, scanned or pulled"),
    "aws:iam/instanceProfile:InstanceProfile": Limits(IAM),
    "aws:iam/role:Role": Limits(IAM),
    "aws:iam/rolePolicy:RolePolicy": Limits(IAM),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Limits(IAM),
    "aws:kms/alias:Alias": Limits(ENCRYPTS),
    "aws:kms/key:Key": Limits(f"{ENCRYPTS}, the key never rotates, its policy is not enforced"),
    "aws:lb/listener:Listener": Limits(f"{LISTENS}, the certificate is not looked at"),
    "aws:lb/loadBalancer:LoadBalancer": Limits(LISTENS),
    "aws:lb/targetGroup:TargetGroup": Limits(LISTENS),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": Limits(LISTENS),
    "aws:s3/bucket:Bucket": Limits(
        "no durability, no limits of AWS", "objects are kept on disk and served"
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Limits("nothing expires"),
    "aws:s3/bucketLogging:BucketLogging": Limits("no access is logged"),
    "aws:s3/bucketNotification:BucketNotification": Limits("nobody receives an event"),
    "aws:s3/bucketObjectv2:BucketObjectv2": Limits(
        "no encryption", "the host fetches its bundle from here and follows the pointer"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Limits("there is one account only"),
    "aws:s3/bucketPolicy:BucketPolicy": Limits("the policy is not enforced; there is no TLS"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Limits("public access is not judged"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Limits(ENCRYPTS)
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Limits(
        "", "replaced objects stay, and destroy removes all versions"
    ),
    "aws:ssm/parameter:Parameter": Limits(
        "a SecureString is not encrypted", "the host reads its secrets from here"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Limits(FILTERS),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Limits(FILTERS),
    "docker-build:index:Image": Limits(
        f"no image is built {BOOT_TEST}: services run from the checkout", absent=True
    ),
    "pulumi-python:dynamic:Resource": Limits(
        "", "the same code as on AWS: it draws the passwords and waits for the first prediction"
    ),
}
