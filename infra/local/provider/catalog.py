"""Every resource type that is covered."""

from infra.local.provider import (
    ec2_address,
    ec2_firewall,
    ec2_flow_log,
    ec2_host,
    ec2_keys,
    ec2_network,
    ec2_routes,
    ec2_volume,
    ec2_wall,
    ec2_ways,
    ecr,
    elb,
    elb_listener,
    elb_target,
    iam,
    kms,
    logs,
    s3,
    s3_lifecycle,
    s3_object,
    s3_reports,
    s3_settings,
    ssm,
)
from infra.local.provider.cloud import Refused
from infra.local.provider.resource import ResourceType

TYPES: dict[str, ResourceType] = {
    kind.type_name: kind
    for kind in (
        ec2_network.Vpc(),
        ec2_network.Subnet(),
        ec2_network.InternetGateway(),
        ec2_routes.RouteTable(),
        ec2_routes.Route(),
        ec2_routes.RouteTableAssociation(),
        ec2_firewall.SecurityGroup(),
        ec2_firewall.IngressRule(),
        ec2_firewall.EgressRule(),
        ec2_wall.DefaultSecurityGroup(),
        ec2_wall.NetworkAcl(),
        ec2_flow_log.FlowLog(),
        ec2_ways.VpcEndpoint(),
        ec2_ways.NatGateway(),
        ec2_keys.KeyPair(),
        ec2_host.Instance(),
        ec2_volume.Volume(),
        ec2_volume.VolumeAttachment(),
        ec2_address.Eip(),
        ec2_address.EipAssociation(),
        s3.Bucket(),
        s3_settings.BucketVersioning(),
        s3_settings.BucketPublicAccessBlock(),
        s3_settings.BucketEncryption(),
        s3_settings.BucketOwnershipControls(),
        s3_settings.BucketPolicy(),
        s3_lifecycle.BucketLifecycle(),
        s3_reports.BucketLogging(),
        s3_reports.BucketNotification(),
        s3_object.BucketObject(),
        ecr.Repository(),
        ecr.LifecyclePolicy(),
        iam.Role(),
        iam.RolePolicy(),
        iam.RolePolicyAttachment(),
        iam.InstanceProfile(),
        elb.LoadBalancer(),
        elb_target.TargetGroup(),
        elb_target.TargetGroupAttachment(),
        elb_listener.Listener(),
        kms.Key(),
        kms.Alias(),
        logs.LogGroup(),
        ssm.Parameter(),
    )
}


def own_type(qualified: str) -> str:
    """Return a resource's own type: the engine puts those of the components that it is in first."""
    return qualified.rpartition("$")[2]


def resource_type(token: str) -> ResourceType:
    """Return the type of a token.

    Raises
    ------
    Refused
        It is not covered.
    """
    if token not in TYPES:
        message = f"resource type {token} is not covered by the embedded AWS provider"
        raise Refused(message)
    return TYPES[token]
