"""The program: settings -> network -> storage -> image -> identity -> host -> outputs."""

from pathlib import Path

import pulumi

from infra import cloud_init, configuration, costs, firewall, size, subnets
from infra.credentials import Credentials
from infra.errors import UserError
from infra.host import Host, HostArgs, debian_parameter
from infra.identity import Identity, IdentityArgs
from infra.image import Image
from infra.network import Network, NetworkArgs
from infra.provider import make_provider
from infra.readiness import Readiness
from infra.rollout import Rollout
from infra.settings import Settings
from infra.storage import Storage
from infra.urls import urls

CHECKOUT = Path(__file__).resolve().parent.parent
ZONES = ("a", "b")


def declare() -> None:
    """Declare everything that the stack consists of.

    Raises
    ------
    RunError
        The stack has settings that can't be used; nothing has been declared then. Both language
        hosts show its message without a trace.
    """
    try:
        chosen = configuration.read()
        size.check(chosen)
        price = costs.judge(chosen)
        rules = firewall.rules(chosen)
    except UserError as error:
        raise pulumi.RunError(str(error)) from None
    pulumi.log.info(costs.text(price))
    name = chosen.name
    provider = make_provider(chosen)
    opts = pulumi.ResourceOptions(provider=provider)

    zones = [chosen.region + zone for zone in ZONES]
    planned = subnets.plan(chosen.vpc_cidr, len(zones))
    network = Network(name, NetworkArgs(chosen.vpc_cidr, planned, zones), opts)
    wall = firewall.Firewall(name, rules, network.vpc_id, opts)
    storage = Storage(name, opts)
    image = Image(name, CHECKOUT, opts)
    credentials = Credentials(name, cloud_init.secrets_prefix(chosen), opts)
    identity = Identity(
        name, IdentityArgs(storage.arn, image.repository_arn, credentials.parameter_arn), opts
    )
    rollout = Rollout(name, chosen, storage.bucket, image.reference, opts)
    host = Host(
        name,
        HostArgs(
            instance_type=chosen.instance_type,
            ami_parameter=chosen.ami_parameter or debian_parameter(chosen.architecture),
            subnet_id=network.subnet_ids[0],
            zone=zones[0],
            security_group_id=wall.security_group_id,
            profile=identity.profile,
            user_data=storage.bucket.apply(lambda bucket: cloud_init.user_data(chosen, bucket)),
            data_volume_gb=chosen.data_volume_gb,
            ssh_public_key=chosen.ssh_public_key,
        ),
        pulumi.InvokeOptions(provider=provider),
        opts,
    )
    address = chosen.host_address or host.public_ip
    where = pulumi.Output.from_input(address).apply(lambda known: urls(chosen, known))
    _await(chosen, storage, rollout, host, where)
    _export(chosen, storage, image, host, where)
    pulumi.export("grafana_password", credentials.grafana_password)
    pulumi.export("monthly_usd", price.monthly_usd)
    pulumi.export("not_priced", list(price.not_priced))


def _await(
    chosen: Settings,
    storage: Storage,
    rollout: Rollout,
    host: Host,
    where: pulumi.Output[dict[str, str]],
) -> None:
    """Hold the update until the host predicts with the bundle that was just declared."""
    Readiness(
        f"{chosen.name}-ready",
        {
            "predict_url": where["xgboost-api"],
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
    pulumi.export("public_ip", host.public_ip)
    pulumi.export("predict_url", where["xgboost-api"])
    pulumi.export("mlflow_url", where["mlflow"])
    pulumi.export("grafana_url", where["grafana"])
    pulumi.export("prometheus_url", where["prometheus"])
    pulumi.export("bucket", storage.bucket)
    pulumi.export("repository_url", image.repository_url)
    shell = pulumi.Output.concat("ssh admin@", host.public_ip)
    session = pulumi.Output.concat("aws ssm start-session --target ", host.instance_id)
    pulumi.export("ssh_command", shell if chosen.ssh_public_key else session)
