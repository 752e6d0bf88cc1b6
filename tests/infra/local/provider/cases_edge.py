"""Cases of the load balancer and its parts."""

from tests.infra.local.provider.cases import Case, group, instance, subnet, vpc
from tests.infra.local.provider.driver import REGION

HEALTH = {"protocol": "HTTPS", "path": "/healthz", "matcher": "200", "interval": 15}


def other_subnet(d, vpc_id):
    given = {"vpcId": vpc_id, "cidrBlock": "10.1.2.0/24", "availabilityZone": f"{REGION}b"}
    return d.create("aws:ec2/subnet:Subnet", "net-b", given).id


def certificate(d):
    """Return a certificate that the emulator has: moto looks it up."""
    held = d.client("acm").list_certificates()["CertificateSummaryList"]
    if held:
        return held[0]["CertificateArn"]
    return d.client("acm").request_certificate(DomainName="shop.example")["CertificateArn"]


def log_bucket(d):
    return d.create("aws:s3/bucket:Bucket", "visits", {"forceDestroy": True}).id


def gateway(d, vpc_id):
    return d.create("aws:ec2/internetGateway:InternetGateway", "door", {"vpcId": vpc_id})


def balancer_given(d, **more):
    vpc_id = vpc(d)
    gateway(d, vpc_id)
    return {
        "loadBalancerType": "application",
        "internal": False,
        "subnets": [subnet(d, vpc_id), other_subnet(d, vpc_id)],
        "securityGroups": [group(d, vpc_id)],
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "strictest",
        "idleTimeout": 120,
        **more,
    }


def with_logs(d):
    log = {"bucket": log_bucket(d), "prefix": "balancer", "enabled": True}
    return balancer_given(d, accessLogs=log)


def balancer(d):
    return d.create("aws:lb/loadBalancer:LoadBalancer", "edge", balancer_given(d))


def target_given(d, vpc_id=None):
    return {
        "vpcId": vpc_id or vpc(d),
        "port": 443,
        "protocol": "HTTPS",
        "targetType": "instance",
        "healthCheck": HEALTH,
    }


def targets(d, vpc_id=None):
    return d.create("aws:lb/targetGroup:TargetGroup", "edge", target_given(d, vpc_id)).id


def attachment_given(d):
    host = instance(d)
    told = d.client("ec2").describe_instances(InstanceIds=[host])["Reservations"]
    vpc_id = told[0]["Instances"][0]["VpcId"]
    return {"targetGroupArn": targets(d, vpc_id), "targetId": host, "port": 443}


def secure_given(d):
    made = balancer(d)
    return {
        "loadBalancerArn": made.id,
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "certificateArn": certificate(d),
        "defaultActions": [{"type": "forward", "targetGroupArn": targets(d)}],
    }


def plain_given(d):
    redirect = {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}
    return {
        "loadBalancerArn": balancer(d).id,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [{"type": "redirect", "redirect": redirect}],
    }


def loosen(d, it):
    wanted = {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"}
    d.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=it.id, Attributes=[wanted])


def answer(d, it):
    action = {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"},
    }
    d.client("elbv2").modify_listener(ListenerArn=it.id, DefaultActions=[action])


def remove_listener(d, it):
    d.client("elbv2").delete_listener(ListenerArn=it.id)


CASES = (
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        balancer_given,
        lambda d, it: d.client("elbv2").delete_load_balancer(LoadBalancerArn=it.id),
        loosen,
        "dropInvalidHeaderFields",
    ),
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        with_logs,
        lambda d, it: d.client("elbv2").delete_load_balancer(LoadBalancerArn=it.id),
        lambda d, it: d.client("elbv2").modify_load_balancer_attributes(
            LoadBalancerArn=it.id, Attributes=[{"Key": "access_logs.s3.enabled", "Value": "false"}]
        ),
        "accessLogs.enabled",
        variant="logs",
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        target_given,
        lambda d, it: d.client("elbv2").delete_target_group(TargetGroupArn=it.id),
        lambda d, it: d.client("elbv2").modify_target_group(
            TargetGroupArn=it.id, HealthCheckPath="/"
        ),
        "healthCheck.path",
    ),
    Case(
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        attachment_given,
        lambda d, it: d.client("elbv2").deregister_targets(
            TargetGroupArn=it.state["targetGroupArn"],
            Targets=[{"Id": it.state["targetId"], "Port": 443}],
        ),
    ),
    Case(
        "aws:lb/listener:Listener",
        secure_given,
        remove_listener,
        answer,
        "defaultActions",
    ),
    Case(
        "aws:lb/listener:Listener",
        plain_given,
        remove_listener,
        answer,
        "defaultActions",
        variant="redirect",
    ),
)
