"""Cases of what surrounds a network and leads out of it."""

from tests.infra.local.provider.cases import (
    ZONE,
    Case,
    bucket,
    drop_tag,
    eip,
    group,
    image,
    profile,
    subnet,
    table,
    trust,
    vpc,
)
from tests.infra.local.provider.cases_storage import key_arn
from tests.infra.local.provider.driver import REGION

S3 = f"com.amazonaws.{REGION}.s3"

BOTH = ("moto", "ministack")


def entry(number, port, cidr="0.0.0.0/0", **more):
    return {
        "ruleNo": number,
        "action": "allow",
        "protocol": "tcp",
        "fromPort": port,
        "toPort": port,
        "cidrBlock": cidr,
        **more,
    }


def acl_given(d):
    vpc_id = vpc(d)
    return {
        "vpcId": vpc_id,
        "subnetIds": [subnet(d, vpc_id)],
        # Not in the order of their numbers, as a program may give them.
        "ingress": [entry(200, 443), entry(100, 80, "10.1.0.0/16")],
        "egress": [entry(100, 0, protocol="-1")],
    }


def open_wall(d, it):
    d.client("ec2").replace_network_acl_entry(
        NetworkAclId=it.id,
        Egress=False,
        RuleNumber=200,
        RuleAction="allow",
        Protocol="-1",
        CidrBlock="203.0.113.0/24",
    )


def remove_wall(d, it):
    """Remove an ACL as AWS asks for it: around no subnet."""
    ec2 = d.client("ec2")
    here = [{"Name": "vpc-id", "Values": [it.state["vpcId"]]}]
    walls = ec2.describe_network_acls(Filters=here)["NetworkAcls"]
    (default,) = [w["NetworkAclId"] for w in walls if w["IsDefault"]]
    for held in (a for w in walls for a in w["Associations"] if a["NetworkAclId"] == it.id):
        ec2.replace_network_acl_association(
            AssociationId=held["NetworkAclAssociationId"], NetworkAclId=default
        )
    ec2.delete_network_acl(NetworkAclId=it.id)


def open_default(d, it):
    anyone = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}]
    anyone[0]["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
    d.client("ec2").authorize_security_group_ingress(GroupId=it.id, IpPermissions=anyone)


def log_role(d):
    given = {"assumeRolePolicy": trust("vpc-flow-logs")}
    return d.create("aws:iam/role:Role", "flow", given).state["arn"]


def flow_given(d):
    log = d.create("aws:cloudwatch/logGroup:LogGroup", "flow", {"name": "/shop/test/flow"})
    return {
        "vpcId": vpc(d),
        "trafficType": "ALL",
        "logDestination": log.state["arn"],
        "iamRoleArn": log_role(d),
        "maxAggregationInterval": 60,
    }


def flow_to_bucket(d):
    return {
        "vpcId": vpc(d),
        "trafficType": "REJECT",
        "logDestinationType": "s3",
        "logDestination": f"arn:aws:s3:::{bucket(d)}",
    }


def gateway_given(d):
    vpc_id = vpc(d)
    return {"vpcId": vpc_id, "serviceName": S3, "routeTableIds": [table(d, vpc_id)]}


def interface_given(d):
    vpc_id = vpc(d)
    return {
        "vpcId": vpc_id,
        "serviceName": f"com.amazonaws.{REGION}.ssm",
        "vpcEndpointType": "Interface",
        "subnetIds": [subnet(d, vpc_id)],
        "securityGroupIds": [group(d, vpc_id)],
        "privateDnsEnabled": True,
    }


def remove_endpoint(d, it):
    d.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[it.id])


def untie(d, it):
    d.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=it.id, RemoveRouteTableIds=it.state["routeTableIds"]
    )


def nat(d, subnet_id):
    given = {"subnetId": subnet_id, "allocationId": eip(d)}
    return d.create("aws:ec2/natGateway:NatGateway", "out", given).id


def way_out(d):
    vpc_id = vpc(d)
    return {
        "routeTableId": table(d, vpc_id),
        "destinationCidrBlock": "0.0.0.0/0",
        "natGatewayId": nat(d, subnet(d, vpc_id)),
    }


def peer_given(d):
    vpc_id = vpc(d)
    given = {"vpcId": vpc_id, "description": "the load balancer"}
    balancer = d.create("aws:ec2/securityGroup:SecurityGroup", "balancer", given).id
    return {
        "securityGroupId": group(d, vpc_id),
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "referencedSecurityGroupId": balancer,
        "description": "requests",
    }


def prefix_given(d):
    lists = d.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    (s3,) = [p["PrefixListId"] for p in lists if p["PrefixListName"] == S3]
    return {
        "securityGroupId": group(d),
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "prefixListId": s3,
    }


def revoke(d, it):
    d.client("ec2").revoke_security_group_egress(
        GroupId=it.state["securityGroupId"], SecurityGroupRuleIds=[it.id]
    )


def hardened_instance(d):
    vpc_id = vpc(d)
    return {
        "ami": image(d),
        "instanceType": "t3.small",
        "subnetId": subnet(d, vpc_id),
        "vpcSecurityGroupIds": [group(d, vpc_id)],
        "iamInstanceProfile": profile(d),
        "associatePublicIpAddress": False,
        "monitoring": True,
        "ebsOptimized": True,
        "disableApiTermination": False,
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
        "rootBlockDevice": {
            "volumeSize": 16,
            "volumeType": "gp3",
            "encrypted": True,
            "kmsKeyId": key_arn(d),
            "deleteOnTermination": True,
        },
        "tags": {"Name": "host"},
    }


CASES = (
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda d: {"vpcId": vpc(d), "ingress": [], "egress": []},
        lambda d, it: d.client("ec2").delete_vpc(VpcId=it.state["vpcId"]),
        open_default,
        "ingress",
        lacks={
            (emulator, "delete"): "EC2 itself removes it with its VPC only" for emulator in BOTH
        },
    ),
    Case(
        "aws:ec2/networkAcl:NetworkAcl",
        acl_given,
        remove_wall,
        open_wall,
        "ingress",
        lacks={("ministack", "import"): "keeps neither ports nor subnets"},
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        flow_given,
        lambda d, it: d.client("ec2").delete_flow_logs(FlowLogIds=[it.id]),
        drop_tag,
        'tagsAll["project"]',
        lacks={("ministack", "import"): "keeps neither role nor interval"},
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        flow_to_bucket,
        lambda d, it: d.client("ec2").delete_flow_logs(FlowLogIds=[it.id]),
        variant="s3",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        gateway_given,
        remove_endpoint,
        untie,
        "routeTableIds",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        interface_given,
        remove_endpoint,
        drop_tag,
        'tagsAll["project"]',
        lacks={("ministack", "import"): "keeps neither security groups nor private DNS"},
        variant="interface",
    ),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda d: {"subnetId": subnet(d), "allocationId": eip(d)},
        lambda d, it: d.client("ec2").delete_nat_gateway(NatGatewayId=it.id),
        drop_tag,
        'tagsAll["project"]',
        lacks={("ministack", "import"): "keeps no address"},
    ),
    Case(
        "aws:ec2/route:Route",
        way_out,
        lambda d, it: d.client("ec2").delete_route(
            RouteTableId=it.state["routeTableId"], DestinationCidrBlock="0.0.0.0/0"
        ),
        variant="nat",
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        peer_given,
        lambda d, it: d.client("ec2").revoke_security_group_ingress(
            GroupId=it.state["securityGroupId"], SecurityGroupRuleIds=[it.id]
        ),
        lacks={("moto", "import"): "keeps no description of a rule that names a group"},
        variant="group",
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        prefix_given,
        revoke,
        lacks={("ministack", "import"): "keeps no prefix list of a rule"},
        variant="prefix-list",
    ),
    Case(
        "aws:ec2/instance:Instance",
        hardened_instance,
        lambda d, it: d.client("ec2").terminate_instances(InstanceIds=[it.id]),
        drop_tag,
        'tagsAll["project"]',
        lacks={("ministack", "import"): "keeps no metadata options, switches or disk sizes"},
        variant="hardened",
    ),
    Case(
        "aws:ebs/volume:Volume",
        lambda d: {
            "availabilityZone": ZONE,
            "size": 4,
            "type": "gp3",
            "encrypted": True,
            "kmsKeyId": key_arn(d),
        },
        lambda d, it: d.client("ec2").delete_volume(VolumeId=it.id),
        lacks={("ministack", "import"): "keeps no key of a volume"},
        variant="kms",
    ),
)
