"""What each resource type is charged for: by the month, by use, or not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Props = Mapping[str, Any]
Item = tuple[str, str, float]
"""What is paid for, its price's name or the instance type, and how many of it."""

GP3_IOPS, GP3_MBPS = 3000, 125
"""What the price of a gp3 volume includes."""

DETAILED_METRICS = 7
"""Metrics of an instance that detailed monitoring charges for: EC2's user guide."""


def _instance(props: Props) -> Iterator[Item]:
    kind = props["instanceType"]
    yield f"EC2 {kind}", kind, 1
    root = props.get("rootBlockDevice") or {}
    yield from _volume({"size": root.get("volumeSize", 8), "type": root.get("volumeType")})
    if props.get("monitoring"):
        yield "EC2 detailed monitoring, metrics", "detailed_metric_month", DETAILED_METRICS
    if props.get("associatePublicIpAddress"):
        yield "public IPv4 address", "public_ipv4_hour", 1


def _volume(props: Props) -> Iterator[Item]:
    kind = props.get("type")
    yield f"EBS {kind}, GB", f"ebs_{kind}_gb_month", props["size"]
    if (iops := props.get("iops") or 0) > GP3_IOPS:
        yield f"EBS {kind}, more IOPS", f"ebs_{kind}_extra_iops_month", iops - GP3_IOPS
    if (speed := props.get("throughput") or 0) > GP3_MBPS:
        yield f"EBS {kind}, more MB/s", f"ebs_{kind}_extra_mbps_month", speed - GP3_MBPS


def _load_balancer(props: Props) -> Iterator[Item]:
    yield "application load balancer", "alb_hour", 1
    if not props.get("internal"):
        # It has an address in each of its zones.
        yield "public IPv4 address", "public_ipv4_hour", len(props["subnets"])


def _endpoint(props: Props) -> Iterator[Item]:
    if props.get("vpcEndpointType") == "Interface":
        zones = len(props["subnetIds"])
        yield "VPC interface endpoint, a zone", "interface_endpoint_hour", zones


PRICED: Mapping[str, Callable[[Props], Iterable[Item]]] = {
    "aws:ec2/instance:Instance": _instance,
    "aws:ebs/volume:Volume": _volume,
    "aws:ec2/eip:Eip": lambda _: [("public IPv4 address", "public_ipv4_hour", 1)],
    "aws:ec2/natGateway:NatGateway": lambda _: [("NAT gateway", "nat_gateway_hour", 1)],
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:kms/key:Key": lambda _: [("KMS key", "kms_key_month", 1)],
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda _: [("CloudWatch alarm", "alarm_month", 1)],
}
"""What is paid for by the month, whether it is used or not."""

CREDITS = (
    "CPU credits beyond the baseline of a burstable type ({cpu_credit_vcpu_hour} USD a vCPU-hour, "
    "{arm_cpu_credit_vcpu_hour} on Graviton)"
)
LOGS = "CloudWatch Logs ({logs_ingested_gb} USD a GB taken in, {logs_stored_gb_month} a GB-month)"
USAGE: Mapping[str, tuple[str, ...]] = {
    "aws:ec2/instance:Instance": (
        "traffic out to the internet ({transfer_out_gb} USD a GB), and between zones",
        CREDITS,
    ),
    "aws:ec2/natGateway:NatGateway": ("NAT gateway traffic ({nat_gateway_gb} USD a GB)",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "interface endpoint traffic ({interface_endpoint_gb} USD a GB)",
    ),
    "aws:lb/loadBalancer:LoadBalancer": (
        "load balancer capacity units ({alb_lcu_hour} USD an LCU-hour)",
    ),
    "aws:kms/key:Key": ("KMS requests",),
    "aws:cloudwatch/logGroup:LogGroup": (LOGS,),
    "aws:ec2/flowLog:FlowLog": (LOGS,),
    "aws:s3/bucket:Bucket": ("S3 storage ({s3_gb_month} USD a GB-month) and requests",),
    "aws:ecr/repository:Repository": ("ECR storage ({ecr_gb_month} USD a GB-month)",),
}
"""What depends on how much the stack is used: named, never guessed."""

FREE = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/keyPair:KeyPair",
        "aws:ec2/networkAcl:NetworkAcl",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/volumeAttachment:VolumeAttachment",
        "aws:ec2/vpc:Vpc",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:lb/listener:Listener",
        "aws:lb/targetGroup:TargetGroup",
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketNotification:BucketNotification",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:ssm/parameter:Parameter",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
"""What AWS charges nothing for."""
