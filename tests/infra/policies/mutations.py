"""Flips of each security setting, by the rule that must notice: a table of small changes."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from infra.policies import balancer, host, identity, images, logs, network, openings, storage
from infra.policies.declared import Declared
from infra.policies.exceptions import ALWAYS

HARDENED = ("hardened",)
WORLD = "0.0.0.0/0"


@dataclass(frozen=True)
class Mutation:
    """A change to a stack that one rule must notice, and no other."""

    rule: str
    what: str
    apply: Callable
    profiles: tuple = ALWAYS


def setting(rule, kind, change, profiles=ALWAYS, named=""):
    """Set one property of all resources of a type, or of those whose name ends so."""
    ((path, value),) = change.items()

    def apply(resources):
        return [_with(r, path, value) if _meant(r, kind, named) else r for r in resources]

    return Mutation(rule, f"{_short(kind)}{named} {change}", apply, profiles)


def without(rule, kind, profiles=ALWAYS, named=""):
    """Leave resources of a type away."""

    def apply(resources):
        return [r for r in resources if not _meant(r, kind, named)]

    return Mutation(rule, f"no {_short(kind)}{named}", apply, profiles)


def added(rule, kind, props, profiles=ALWAYS, **refs):
    """Declare one more resource; `refs` names the types of those that properties come from."""

    def apply(resources):
        known = {
            path: frozenset(r.key for r in resources if r.type == other)
            for path, other in refs.items()
        }
        return [*resources, Declared(kind, "one-more", props, "one-more", known)]

    return Mutation(rule, f"one more {_short(kind)} {props}", apply, profiles)


def statement(rule, kind, change, place=0, named=""):
    """Change one field of a statement of a policy document."""
    path = "assumeRolePolicy" if kind == identity.ROLE else "policy"

    def apply(resources):
        return [edited(r) if _meant(r, kind, named) else r for r in resources]

    def edited(resource):
        document = json.loads(resource.props[path])
        document["Statement"][place].update(change)
        return _with(resource, path, json.dumps(document))

    return Mutation(rule, f"{_short(kind)}{named} statement {place} {change}", apply)


def _short(kind):
    return kind.rpartition(":")[2]


def _meant(resource, kind, named):
    return resource.type == kind and resource.name.endswith(named)


def _with(resource, path, value):
    props = copy.deepcopy(dict(resource.props))
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
    inner = props
    for step in parents:
        inner = inner[step]
    inner[last] = value
    return replace(resource, props=props)


def opening(port, to, cidr=WORLD, protocol="tcp"):
    """Return the properties of a rule of a security group."""
    ports = {"fromPort": port, "toPort": to, "ipProtocol": protocol}
    return {**ports, "cidrIpv4": cidr, "description": "an opening"}


def entry(first, last):
    """Return an entry of a network ACL that lets ports in from everywhere."""
    ports = {"fromPort": first, "toPort": last, "protocol": "6"}
    return {**ports, "ruleNo": 1, "action": "allow", "cidrBlock": WORLD}


def opened_to_more(rule, tags):
    """Let a whole network reach the public port, with other tags on its rule."""

    def apply(resources):
        return [
            replace(r, props={**r.props, "cidrIpv4": "203.0.113.0/24", "tags": tags})
            if r.type == openings.INGRESS and r.at("fromPort") == 443 and r.at("cidrIpv4")
            else r
            for r in resources
        ]

    return Mutation(rule, f"443 for a network {tags}", apply)


MUTATIONS = [
    without("default-group-is-empty", network.DEFAULT_GROUP),
    setting("default-group-is-empty", network.DEFAULT_GROUP, {"ingress": [{"fromPort": 0}]}),
    setting("default-group-is-empty", network.DEFAULT_GROUP, {"egress": [{"fromPort": 0}]}),
    without("flow-logs", network.FLOW_LOG),
    setting("flow-logs", network.FLOW_LOG, {"trafficType": "ACCEPT"}),
    setting("flow-logs", network.FLOW_LOG, {"logDestination": None}),
    added("no-remote-shell-from-the-world", openings.INGRESS, opening(22, 22)),
    added("only-https-is-public", openings.INGRESS, opening(5000, 5000)),
    added("only-https-is-public", openings.INGRESS, opening(3000, 3000, "198.51.100.0/24")),
    added("only-https-is-public", openings.INGRESS, opening(443, 8080, "198.51.100.0/24")),
    opened_to_more("the-public-service-asks-who-calls", {"auth": "open"}),
    opened_to_more("the-public-service-asks-who-calls", {}),
    setting("groups-are-bounded", openings.EGRESS, {"description": ""}),
    added("groups-are-bounded", openings.EGRESS, opening(None, None, protocol="-1")),
    added("groups-are-bounded", openings.GROUP, {"description": "attached to nothing"}),
    without("acls-deny-remote-shells", network.ACL),
    setting("acls-deny-remote-shells", network.ACL, {"ingress": [entry(22, 22)]}),
    setting("acls-deny-remote-shells", network.ACL, {"ingress": [entry(1024, 65535)]}),
    setting("subnets-give-no-public-address", network.SUBNET, {"mapPublicIpOnLaunch": True}),
    without("aws-is-reached-privately", network.ENDPOINT, HARDENED, "-s3"),
    without("aws-is-reached-privately", network.ENDPOINT, HARDENED, "-logs"),
    setting(
        "aws-is-reached-privately", network.ENDPOINT, {"privateDnsEnabled": False}, HARDENED, "-ec2"
    ),
    setting("instance-is-private", host.INSTANCE, {"associatePublicIpAddress": True}, HARDENED),
    added("instance-is-private", host.ADDRESS_OF, {}, HARDENED, instanceId=host.INSTANCE),
    added("instance-is-private", host.ADDRESS, {}, HARDENED, instance=host.INSTANCE),
    setting("metadata-needs-a-token", host.INSTANCE, {"metadataOptions.httpTokens": "optional"}),
    setting("metadata-needs-a-token", host.INSTANCE, {"metadataOptions": None}),
    setting(
        "metadata-needs-a-token", host.INSTANCE, {"metadataOptions.httpPutResponseHopLimit": 64}
    ),
    setting("volumes-are-encrypted", host.INSTANCE, {"rootBlockDevice.encrypted": False}),
    setting("volumes-are-encrypted", host.INSTANCE, {"rootBlockDevice.kmsKeyId": None}),
    setting("volumes-are-encrypted", host.INSTANCE, {"rootBlockDevice.deleteOnTermination": False}),
    setting("volumes-are-encrypted", host.VOLUME, {"encrypted": False}),
    setting("volumes-are-encrypted", host.VOLUME, {"kmsKeyId": None}),
    added("encryption-by-default-is-on", host.BY_DEFAULT, {"enabled": False}),
    setting("instance-is-watched", host.INSTANCE, {"monitoring": False}),
    setting("instance-is-watched", host.INSTANCE, {"ebsOptimized": False}),
    setting("instance-has-a-role", host.INSTANCE, {"iamInstanceProfile": None}),
    added("instance-has-a-role", host.ACCESS_KEY, {"user": "ci"}),
    without("shell-is-by-session-manager", host.ATTACHMENT),
    setting("no-secret-in-user-data", host.INSTANCE, {"userData": "password=correct-horse"}),
    setting("no-secret-in-user-data", host.INSTANCE, {"userData": "k: AKIAIOSFODNN7EXAMPLE"}),
    setting("secrets-are-secure-strings", host.PARAMETER, {"type": "String"}),
    setting("secrets-are-secure-strings", host.PARAMETER, {"keyId": None}),
    without("public-access-is-blocked", storage.PUBLIC_ACCESS, named="-artifacts"),
    without("public-access-is-blocked", storage.PUBLIC_ACCESS, named="-logs"),
    *(
        setting("public-access-is-blocked", storage.PUBLIC_ACCESS, {block: False})
        for block in storage.BLOCKS
    ),
    added("public-access-is-blocked", storage.ACCOUNT_ACCESS, {"blockPublicAcls": True}),
    without("tls-only", storage.POLICY, named="-artifacts"),
    statement("tls-only", storage.POLICY, {"Condition": {}}),
    statement("tls-only", storage.POLICY, {"Action": "s3:GetObject"}),
    without("bucket-has-a-key", storage.ENCRYPTION, named="-artifacts"),
    setting(
        "bucket-has-a-key",
        storage.ENCRYPTION,
        {"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "AES256"},
        named="-artifacts",
    ),
    setting(
        "bucket-has-a-key",
        storage.ENCRYPTION,
        {"rules.0.bucketKeyEnabled": False},
        named="-artifacts",
    ),
    without("versions-are-kept", storage.VERSIONING, named="-logs"),
    setting(
        "versions-are-kept", storage.VERSIONING, {"versioningConfiguration.status": "Suspended"}
    ),
    without("access-is-logged", storage.LOGGING, HARDENED),
    setting("access-is-logged", storage.LOGGING, {"targetBucket": ""}),
    without("acls-are-off", storage.OWNERSHIP, named="-artifacts"),
    setting("acls-are-off", storage.OWNERSHIP, {"rule.objectOwnership": "ObjectWriter"}),
    without("old-objects-expire", storage.LIFECYCLE, named="-artifacts"),
    setting("old-objects-expire", storage.LIFECYCLE, {"rules.0.status": "Disabled"}),
    setting(
        "old-objects-expire", storage.LIFECYCLE, {"rules.0.abortIncompleteMultipartUpload": None}
    ),
    without("events-are-sent", storage.EVENTS, named="-logs"),
    setting("events-are-sent", storage.EVENTS, {"eventbridge": False}),
    statement(
        "nobody-else-is-let-in", storage.POLICY, {"Principal": {"AWS": "*"}}, place=1, named="-logs"
    ),
    statement(
        "nobody-else-is-let-in",
        storage.POLICY,
        {"Principal": {"AWS": "arn:aws:iam::999999999999:root"}},
        place=1,
        named="-logs",
    ),
    setting("nobody-else-is-let-in", storage.BUCKET, {"acl": "public-read"}),
    added("nobody-else-is-let-in", storage.ACL, {"acl": "public-read"}),
    setting(
        "images-are-scanned", images.REPOSITORY, {"imageScanningConfiguration.scanOnPush": False}
    ),
    setting("tags-are-immutable", images.REPOSITORY, {"imageTagMutability": "MUTABLE"}),
    without("old-images-expire", images.LIFECYCLE),
    setting("old-images-expire", images.LIFECYCLE, {"policy": '{"rules": []}'}),
    setting("repository-has-a-key", images.REPOSITORY, {"encryptionConfigurations": []}),
    setting(
        "repository-has-a-key",
        images.REPOSITORY,
        {"encryptionConfigurations.0.encryptionType": "AES256"},
    ),
    statement("rights-are-few", identity.POLICIES[0], {"Action": ["s3:*"]}),
    statement("rights-are-few", identity.POLICIES[0], {"Resource": "*"}),
    added(
        "rights-are-few",
        identity.ATTACHMENT,
        {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    statement("trust-names-the-account", identity.ROLE, {"Condition": {}}, named="-flow"),
    statement("trust-names-the-account", identity.ROLE, {"Principal": "*"}),
    setting("keys-rotate", identity.KEY, {"enableKeyRotation": False}),
    setting("keys-rotate", identity.KEY, {"deletionWindowInDays": 7}),
    setting("keys-rotate", identity.KEY, {"policy": None}),
    statement("keys-rotate", identity.KEY, {"Principal": {"AWS": "*"}}),
    setting("logs-are-kept-a-year", logs.GROUP, {"retentionInDays": 30}),
    setting("logs-have-a-key", logs.GROUP, {"kmsKeyId": None}),
    setting(
        "balancer-stands-before-the-host",
        balancer.BALANCER,
        {"enableDeletionProtection": False},
        HARDENED,
    ),
    setting("balancer-stands-before-the-host", balancer.BALANCER, {"subnets": ["one"]}, HARDENED),
    setting(
        "balancer-refuses-odd-requests",
        balancer.BALANCER,
        {"dropInvalidHeaderFields": False},
        HARDENED,
    ),
    setting(
        "balancer-refuses-odd-requests",
        balancer.BALANCER,
        {"desyncMitigationMode": "monitor"},
        HARDENED,
    ),
    setting("balancer-is-logged", balancer.BALANCER, {"accessLogs.enabled": False}, HARDENED),
    setting("listeners-speak-tls", balancer.LISTENER, {"protocol": "HTTP"}, HARDENED, "-https"),
    setting(
        "listeners-speak-tls",
        balancer.LISTENER,
        {"sslPolicy": "ELBSecurityPolicy-2016-08"},
        HARDENED,
        "-https",
    ),
    setting(
        "listeners-speak-tls",
        balancer.LISTENER,
        {"defaultActions.0.type": "forward"},
        HARDENED,
        "-http",
    ),
]
