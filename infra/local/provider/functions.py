"""The functions of the package that a program may call."""

import base64
from collections.abc import Callable

from infra.local.provider.cloud import Cloud
from infra.local.provider.values import Props


def get_parameter(cloud: Cloud, args: Props) -> Props:
    """Read an SSM parameter; only one that is no secret has an `insecureValue`."""
    told = cloud.client("ssm").get_parameter(
        Name=args["name"], WithDecryption=args.get("withDecryption", True)
    )["Parameter"]
    plain = {} if told["Type"] == "SecureString" else {"insecureValue": told["Value"]}
    return {
        "id": told["Name"],
        "name": told["Name"],
        "type": told["Type"],
        "value": told["Value"],
        "version": told["Version"],
        "arn": told["ARN"],
        "region": cloud.settings.region,
        **plain,
    }


def get_availability_zones(cloud: Cloud, args: Props) -> Props:
    """List the zones of the region in the order of their names."""
    filters = [{"Name": f["name"], "Values": f["values"]} for f in args.get("filters", ())]
    if "state" in args:
        filters.append({"Name": "state", "Values": [args["state"]]})
    told = cloud.client("ec2").describe_availability_zones(
        Filters=filters, AllAvailabilityZones=args.get("allAvailabilityZones", False)
    )["AvailabilityZones"]
    kept = [
        zone
        for zone in sorted(told, key=lambda zone: str(zone["ZoneName"]))
        if zone["ZoneName"] not in args.get("excludeNames", ())
        and zone.get("ZoneId") not in args.get("excludeZoneIds", ())
    ]
    return {
        "id": cloud.settings.region,
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone.get("ZoneId", "") for zone in kept],
        "groupNames": sorted({zone.get("GroupName", cloud.settings.region) for zone in kept}),
        "region": cloud.settings.region,
    }


def get_caller_identity(cloud: Cloud, args: Props) -> Props:  # noqa: ARG001  # takes none
    """Tell whose keys these are."""
    told = cloud.client("sts").get_caller_identity()
    return {
        "id": told["Account"],
        "accountId": told["Account"],
        "arn": told["Arn"],
        "userId": told["UserId"],
    }


def get_authorization_token(cloud: Cloud, args: Props) -> Props:
    """Return the login to the image registry; it is a secret for twelve hours."""
    registries = {"registryIds": [args["registryId"]]} if "registryId" in args else {}
    told = cloud.client("ecr").get_authorization_token(**registries)["authorizationData"][0]
    user, _, password = base64.b64decode(told["authorizationToken"]).decode().partition(":")
    return {
        "id": cloud.settings.region,
        "authorizationToken": told["authorizationToken"],
        "expiresAt": str(told["expiresAt"]),
        "password": password,
        "proxyEndpoint": told["proxyEndpoint"],
        "region": cloud.settings.region,
        "userName": user,
    }


FUNCTIONS: dict[str, Callable[[Cloud, Props], Props]] = {
    "aws:ssm/getParameter:getParameter": get_parameter,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": get_authorization_token,
    "aws:index/getAvailabilityZones:getAvailabilityZones": get_availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
}


def secret_results(function: str, told: Props) -> set[str]:
    """Return the results of a function that are secret."""
    if function == "aws:ecr/getAuthorizationToken:getAuthorizationToken":
        return {"authorizationToken", "password"}
    return {"value"} if told.get("type") == "SecureString" else set()
