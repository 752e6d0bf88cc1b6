"""The program: settings -> network -> key -> storage -> image -> identity -> host -> outputs."""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra import cloud_init, configuration, costs, firewall, subnets
from infra.audit import Audit, AuditArgs, log_prefix
from infra.balancer import Balancer, BalancerArgs
from infra.credentials import Credentials
from infra.endpoints import Endpoints, EndpointsArgs
from infra.errors import UserError
from infra.host import Host, HostArgs, debian_parameter
from infra.identity import Identity, IdentityArgs
from infra.image import Image, ImageArgs
from infra.keys import EncryptionKey, EncryptionKeyArgs
from infra.network import Network, NetworkArgs
from infra.network_acl import NetworkAcl, NetworkAclArgs
from infra.provider import make_provider
from infra.readiness import Readiness
from infra.rollout import Rollout
from infra.settings import Settings
from infra.storage import Storage, StorageArgs
from infra.urls import urls

CHECKOUT = Path(__file__).resolve().parent.parent
ZONES = ("a", "b")


def declare(examine: Callable[[Settings], None] | None = None) -> None:
    """Declare everything that the stack consists of.

    Parameters
    ----------
    examine
        Refuses settings with which the stack could not come up.

    Raises
    ------
    RunError
        The stack has settings that can't be used; nothing has been declared then. Both language
        hosts show its message without a trace.
    """
    chosen, rules = _judged(examine)
    name, protect = chosen.name, chosen.protect_data
    provider = make_provider(chosen)
    opts = pulumi.ResourceOptions(provider=provider)
    invoke = pulumi.InvokeOptions(provider=provider)
    account = aws.get_caller_identity_output(opts=invoke).account_id

    network, wall = _perimeter(chosen, rules, opts)
    logs = log_prefix(chosen)
    key = EncryptionKey(name, EncryptionKeyArgs(account, chosen.region, f"{logs}*", protect), opts)
    Audit(name, AuditArgs(network.vpc_id, account, chosen.region, key.arn, logs), opts)
    storage = Storage(name, StorageArgs(account, key.arn, protect), opts)
    image = Image(name, ImageArgs(CHECKOUT, key.arn, chosen), invoke, opts)
    credentials = Credentials(
        name, cloud_init.secrets_prefix(chosen), key.arn, chosen.grafana_users, opts
    )
    identity = Identity(
        name,
        IdentityArgs(
            storage.arn, image.repository_arn, credentials.parameter_arn, key.arn, chosen.region
        ),
        opts,
    )
    host = Host(
        name,
        HostArgs(
            instance_type=chosen.instance_type,
            ami_parameter=chosen.ami_parameter or debian_parameter(chosen.architecture),
            subnet_id=(network.private_ids or network.public_ids)[0],
            zone=chosen.region + ZONES[0],
            security_group_id=wall.group_ids["host"],
            profile=identity.profile,
            user_data=lambda volume: pulumi.Output.all(storage.bucket, volume).apply(
                lambda known: cloud_init.user_data(chosen, *known)
            ),
            data_volume_gb=chosen.data_volume_gb,
            key_arn=key.arn,
            public=chosen.profile == "dev",
            protect=protect,
            ssh_public_key=chosen.ssh_public_key,
        ),
        invoke,
        opts,
    )
    address = host.address
    if chosen.profile == "hardened":
        address = _balancer(chosen, network, wall, storage, host, opts).address
    reached = pulumi.Output.from_input(chosen.domain or chosen.host_address or address)
    rollout = Rollout(name, chosen, storage.bucket, image.reference, reached, opts)
    where = reached.apply(lambda known: urls(chosen, known))
    ready = _await(chosen, storage, rollout, host, where, credentials.operator_key)
    _export(chosen, storage, image, host, where)
    told = {
        "public_ip": address,
        "grafana_password": credentials.grafana_password,
        "grafana_user_passwords": credentials.grafana_user_passwords,
        "operator_password": credentials.operator_password,
        "api_key": credentials.operator_key,
        "edge_authority": ready.authority,
    }
    for output, value in told.items():
        pulumi.export(output, value)


def _judged(
    examine: Callable[[Settings], None] | None,
) -> tuple[Settings, tuple[firewall.Rule, ...]]:
    """Return settings and firewall rules that the stack can come up with.

    Raises
    ------
    RunError
        There are none.
    """
    try:
        chosen = configuration.read()
        rules = firewall.rules(chosen)
        if examine:
            examine(chosen)
    except UserError as error:
        raise pulumi.RunError(str(error)) from None
    return chosen, rules


def _perimeter(
    chosen: Settings, rules: tuple[firewall.Rule, ...], opts: pulumi.ResourceOptions
) -> tuple[Network, firewall.Firewall]:
    """Declare the network with its walls; profile `hardened` has private subnets."""
    name, hardened = chosen.name, chosen.profile == "hardened"
    zones = [chosen.region + zone for zone in ZONES]
    planned = subnets.plan(chosen.vpc_cidr, len(zones))
    network = Network(name, NetworkArgs(chosen.vpc_cidr, planned, zones, hardened), opts)
    wall = firewall.Firewall(name, rules, network.vpc_id, opts)
    around = [*network.public_ids, *network.private_ids]
    NetworkAcl(name, NetworkAclArgs(network.vpc_id, chosen.vpc_cidr, around, rules), opts)
    if hardened:
        Endpoints(
            name,
            EndpointsArgs(
                region=chosen.region,
                vpc_id=network.vpc_id,
                subnet_id=network.private_ids[0],
                security_group_id=wall.group_ids["endpoints"],
                route_table_ids=network.route_table_ids,
            ),
            opts,
        )
    return network, wall


def _balancer(
    chosen: Settings,
    network: Network,
    wall: firewall.Firewall,
    storage: Storage,
    host: Host,
    opts: pulumi.ResourceOptions,
) -> Balancer:
    """Declare the door of profile `hardened`, whose host has no address of its own."""
    return Balancer(
        chosen.name,
        BalancerArgs(
            vpc_id=network.vpc_id,
            subnet_ids=network.public_ids,
            security_group_id=wall.group_ids["balancer"],
            certificate_arn=chosen.certificate_arn or "",
            log_bucket=storage.log_bucket,
            instance_id=host.instance_id,
            port=firewall.edge(chosen)[1],
            protect=chosen.protect_data,
        ),
        opts,
    )


def _await(
    chosen: Settings,
    storage: Storage,
    rollout: Rollout,
    host: Host,
    where: pulumi.Output[dict[str, str]],
    key: pulumi.Output[str],
) -> Readiness:
    """Hold the update until the host predicts with the bundle that was just declared."""
    return Readiness(
        f"{chosen.name}-ready",
        {
            "predict_url": where["xgboost-api"],
            "verified": chosen.domain is not None,
            # A load balancer's certificate is another's, for a name that nobody told.
            "edge_signs": chosen.domain is None and chosen.profile == "dev",
            "key": key,
            "instance_id": host.instance_id,
            "bundle": rollout.digest,
            "bucket": storage.bucket,
            "region": chosen.region,
            "aws_endpoint": chosen.aws_endpoint,
            "timeout_s": chosen.ready_timeout_s,
        },
        pulumi.ResourceOptions(depends_on=[host.attached, rollout.pointer]),
    )


def _export(
    chosen: Settings,
    storage: Storage,
    image: Image,
    host: Host,
    where: pulumi.Output[dict[str, str]],
) -> None:
    """Export what a user asks the stack for."""
    pulumi.export("predict_url", where["xgboost-api"])
    pulumi.export("mlflow_url", where["mlflow"])
    pulumi.export("grafana_url", where["grafana"])
    pulumi.export("prometheus_url", where["prometheus"])
    pulumi.export("bucket", storage.bucket)
    pulumi.export("repository_url", image.repository_url)
    shell = pulumi.Output.concat("ssh admin@", host.address)
    session = pulumi.Output.concat("aws ssm start-session --target ", host.instance_id)
    pulumi.export("ssh_command", shell if chosen.ssh_public_key else session)
    price = costs.judge(chosen)
    pulumi.export("monthly_usd", price.monthly_usd)
    pulumi.export("not_priced", list(price.not_priced))
    pulumi.log.info(costs.text(price))
