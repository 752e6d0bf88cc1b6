"""What a load balancer listens to, and what it does with a request."""

# ruff: noqa: ARG002  # one signature for all types: not each of them needs every argument

from collections.abc import Iterator
from typing import Any, ClassVar

from infra.local.provider import elb, validators
from infra.local.provider.cloud import Cloud
from infra.local.provider.properties import Fault, Inputs, Property
from infra.local.provider.values import Props, is_known

REDIRECT = {
    "statusCode": Property(required=True, check=validators.one_of("HTTP_301", "HTTP_302")),
    "protocol": Property(default="#{protocol}"),
    "host": Property(default="#{host}"),
    "port": Property(default="#{port}"),
    "path": Property(default="/#{path}"),
    "query": Property(default="#{query}"),
}

FIXED_RESPONSE = {
    "contentType": Property(required=True),
    "messageBody": Property(default=""),
    "statusCode": Property(computed=True),
}

CONFIGS = {"redirect": "RedirectConfig", "fixedResponse": "FixedResponseConfig"}
NEEDED = {"forward": "targetGroupArn", "redirect": "redirect", "fixed-response": "fixedResponse"}

ACTION = {
    "type": Property(required=True, check=validators.one_of(*NEEDED)),
    "order": Property(int, computed=True),
    "targetGroupArn": Property(),
    "redirect": Property(dict, shape=REDIRECT),
    "fixedResponse": Property(dict, shape=FIXED_RESPONSE),
}


class Listener(elb.ElbType):
    """One port of a load balancer."""

    type_name = "aws:lb/listener:Listener"
    inputs: ClassVar[Inputs] = {
        "loadBalancerArn": Property(required=True, replaces=True, check=validators.arn),
        "port": Property(int, required=True, check=validators.within(1, 65535)),
        "protocol": Property(default="HTTP", check=validators.one_of("HTTP", "HTTPS")),
        "sslPolicy": Property(computed=True),
        "certificateArn": Property(check=validators.arn),
        "defaultActions": Property(list, required=True, shape=ACTION),
    }
    outputs = ("arn",)
    unique = ("loadBalancerArn", "port")

    def faults(self, given: Props) -> Iterator[Fault]:
        """Judge certificate and policy, which HTTPS alone has, and what an action needs."""
        secure = given["protocol"] == "HTTPS"
        if secure and "certificateArn" not in given:
            yield Fault("certificateArn", "is required for protocol HTTPS")
        if not secure and is_known(given["protocol"]):
            for name in ("certificateArn", "sslPolicy"):
                if name in given:
                    yield Fault(name, f"must not be given: protocol is {given['protocol']}")
        for place, action in enumerate(given["defaultActions"]):
            needed = NEEDED.get(action["type"])
            if needed and needed not in action:
                yield Fault(
                    f"defaultActions[{place}].{needed}", f"is required for type {action['type']}"
                )

    def create(self, cloud: Cloud, given: Props) -> str:
        """Make it."""
        client = cloud.client("elbv2")
        made = cloud.insist(
            lambda: client.create_listener(
                LoadBalancerArn=given["loadBalancerArn"],
                **_asked(given),
                **elb.tagged(given["tagsAll"]),
            ),
            "TargetGroupNotFound",
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def read(self, cloud: Cloud, resource_id: str, known: Props) -> Props | None:
        """Read it."""
        client = cloud.client("elbv2")
        found = elb.one(lambda: client.describe_listeners(ListenerArns=[resource_id])["Listeners"])
        if found is None:
            return None
        certificates = found.get("Certificates") or [{}]
        return {
            "id": resource_id,
            "loadBalancerArn": found["LoadBalancerArn"],
            "port": found["Port"],
            "protocol": found["Protocol"],
            "sslPolicy": found.get("SslPolicy", ""),
            "certificateArn": certificates[0].get("CertificateArn", ""),
            "defaultActions": [_told(action) for action in found["DefaultActions"]],
            "arn": resource_id,
            "tagsAll": elb.tags_of(cloud, resource_id),
        }

    def update(self, cloud: Cloud, resource_id: str, old: Props, new: Props) -> None:
        """Set port, protocol and actions, and what of TLS differs."""
        asked = _asked(new)
        if old.get("certificateArn") == new.get("certificateArn"):
            asked.pop("Certificates", None)
        cloud.client("elbv2").modify_listener(ListenerArn=resource_id, **asked)

    def delete(self, cloud: Cloud, resource_id: str, known: Props) -> None:
        """Remove it."""
        cloud.client("elbv2").delete_listener(ListenerArn=resource_id)


def _asked(given: Props) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "Port": given["port"],
        "Protocol": given["protocol"],
        "DefaultActions": [_action(action) for action in given["defaultActions"]],
    }
    if "sslPolicy" in given:
        asked["SslPolicy"] = given["sslPolicy"]
    if "certificateArn" in given:
        asked["Certificates"] = [{"CertificateArn": given["certificateArn"]}]
    return asked


def _action(given: Props) -> dict[str, Any]:
    """Return an action by the service's words, which begin with a capital."""
    asked: dict[str, Any] = {}
    for name, value in given.items():
        word = CONFIGS.get(name) or _capital(name)
        asked[word] = _capitals(value) if isinstance(value, dict) else value
    return asked


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _capitals(options: Props) -> dict[str, Any]:
    # An empty text is refused where the service has a default.
    return {_capital(name): value for name, value in options.items() if value != ""}


def _told(action: Props) -> Props:
    """Return an action as an input gives it; one target can be told in two ways."""
    told = {"type": action["Type"], "order": action.get("Order")}
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{}]
    told["targetGroupArn"] = action.get("TargetGroupArn") or groups[0].get("TargetGroupArn")
    for name, word in CONFIGS.items():
        if held := action.get(word):
            told[name] = {inner: held.get(_capital(inner)) for inner in ACTION[name].shape}
    return {name: value for name, value in told.items() if value is not None}
