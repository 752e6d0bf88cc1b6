"""The host bundle: every file that the host needs, rendered from the one list of services."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra import database
from infra.edge import render_caddyfile
from infra.service import STACK_IMAGE, Service
from infra.services import addresses, ports, services_of
from infra.settings import Settings
from infra.urls import netloc
from monitoring import grafana_users
from monitoring.alertmanager import render_alertmanager
from monitoring.alerts import render_rules
from monitoring.grafana import render_grafana
from monitoring.prometheus import ScrapeTarget, render_prometheus

POINTER_KEY = "bundles/current"
"""The object that names the bundle in force; the host follows it."""

KEPT_FOR_HOST = {name: "{" + name + "}" for name in ("data", "config", "secrets")}
"""Folders that only the machine that runs processes knows: left for it to fill in."""

IN_CONTAINER = {"data": "/data", "config": "/etc/pulumi-mlops", "secrets": "/run/secrets"}
GRAFANA_DASHBOARDS = "$GF_PATHS_PROVISIONING/dashboards"
"""Grafana fills in its own environment in provisioning files."""

HOST_DATA = "/var/lib/pulumi-mlops"
HOST_SECRETS = "/run/pulumi-mlops/secrets"
LAYOUT = "layout.json"
"""What the agent prepares before it starts the containers, and whom it asks at last."""
PIDS_LIMIT = 512
LOG_ROTATION = {"driver": "local", "options": {"max-size": "10m", "max-file": "3"}}


@dataclass(frozen=True)
class Place:
    """Where a bundle's services run, as the resources before it know it.

    Attributes
    ----------
    bucket
        Name of the artifact bucket.
    image
        Reference of this repository's image.
    address
        Host name or address under which people reach the edge.
    """

    bucket: str
    image: str
    address: str


def key(digest: str) -> str:
    """Return the bucket key of a bundle."""
    return f"bundles/{digest}.tar.gz"


def render(settings: Settings, place: Place) -> dict[str, str]:
    """Return the bundle's files.

    Parameters
    ----------
    settings
        The stack's settings.
    place
        Where the services run.

    Returns
    -------
    dict
        Text by path within the bundle.
    """
    where = addresses(settings)
    scraped = [
        ScrapeTarget(_job(service), where[service.name], service.metrics_path)
        for service in services_of(settings.runtime)
        if service.metrics_path
    ]
    services = (
        {"compose.yaml": compose(settings, place), LAYOUT: layout(settings), **_agent()}
        if settings.runtime == "compose"
        else {"processes.json": processes(settings, place)}
    )
    provisioning = render_grafana(f"http://{where['prometheus']}/prometheus", GRAFANA_DASHBOARDS)
    edge_port = ports(settings)["proxy"]
    return {
        **services,
        "Caddyfile": render_caddyfile(settings, place.address, edge_port, where, _bind(settings)),
        "prometheus.yml": render_prometheus(scraped, where["alertmanager"]),
        "alerts.rules.yml": render_rules(),
        "alertmanager.yml": render_alertmanager(settings.channels, where["retrainer"]),
        **{f"grafana/{path}": text for path, text in provisioning.items()},
    }


def _agent() -> dict[str, str]:
    """Return the program that follows the bundles on the host."""
    folder = Path(__file__).with_name("onhost")
    return {f"infra/onhost/{path.name}": path.read_text() for path in folder.glob("*.py")}


def _bind(settings: Settings) -> str:
    """Return where services listen: a container's own network, or this machine's loopback."""
    return "127.0.0.1" if settings.runtime == "processes" else "0.0.0.0"  # noqa: S104


def _job(service: Service) -> str:
    """Return the service's Prometheus job; the node exporter's dashboards expect `node`."""
    return "node" if service.name == "node-exporter" else service.name


def processes(settings: Settings, place: Place) -> str:
    """Return the services as processes of one machine, for a supervisor."""
    described = [
        {
            "name": service.name,
            "command": [part.format_map(names) for part in service.command],
            # The tag of the sources stands in for the image: other code, other process.
            "environment": {
                **{k: v.format_map(names) for k, v in service.environment.items()},
                **({"STACK_IMAGE": place.image} if service.image == STACK_IMAGE else {}),
            },
            "port": ports(settings).get(service.name),
            "scheme": service.scheme,
            "health_path": service.health_path,
            "needs": list(service.needs),
            "secrets": list(service.secrets),
            "directory": service.directory.format_map(names),
            "optional": service.optional,
            "runs": service.runs,
            "stop_s": service.stop_s,
        }
        for service in services_of("processes")
        for names in [_names(service, settings, place, {**KEPT_FOR_HOST, "host_root": "/"})]
    ]
    return json.dumps(described, indent=1)


def layout(settings: Settings) -> str:
    """Return what the agent must know: what to prepare for each service, and whom to ask at last.

    Data folders and secrets belong to the service's own user.
    """
    services = {
        service.name: {
            "user": service.user,
            "data": service.keeps_state,
            "secrets": list(service.secrets),
            "runs": service.runs,
        }
        for service in services_of("compose")
    }
    ready = f"https://127.0.0.1:{ports(settings)['proxy']}/readyz"
    name = settings.domain if settings.acme else "127.0.0.1"
    edge = {"port": ports(settings)["proxy"], "name": name}
    return json.dumps({"ready": ready, "edge": edge, "services": services}, indent=1)


def compose(settings: Settings, place: Place) -> str:
    """Return the services as a compose file."""
    services = services_of("compose")
    document = {
        "name": settings.project,
        "services": {service.name: _container(service, settings, place) for service in services},
        "secrets": {
            f"{service.name}-{secret}": {"file": f"{HOST_SECRETS}/{service.name}/{secret}"}
            for service in services
            for secret in service.secrets
        },
    }
    return yaml.safe_dump(document, sort_keys=False)


def _container(service: Service, settings: Settings, place: Place) -> dict[str, Any]:
    """Return one service of the compose file: bounded, without privileges, read-only."""
    names = _names(service, settings, place, {**IN_CONTAINER, "host_root": "/host/"})
    container: dict[str, Any] = {
        "image": place.image if service.image == STACK_IMAGE else service.image,
        "entrypoint": [_literal(part.format_map(names)) for part in service.command],
        "environment": {k: _literal(v.format_map(names)) for k, v in service.environment.items()},
        "user": f"{service.user}:{service.user}",
        "restart": "unless-stopped" if service.runs == "always" else "no",
        "stop_grace_period": f"{service.stop_s}s",
        "mem_limit": f"{service.memory_mb + service.job_mb}m",
        "pids_limit": PIDS_LIMIT,
        "read_only": True,
        "tmpfs": ["/tmp", *service.writes],  # noqa: S108  # the container's own
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "logging": LOG_ROTATION,
    }
    optional = {
        "volumes": _volumes(service),
        "working_dir": service.directory.format_map(names),
        "cap_add": list(service.capabilities),
        "ports": _published(service, settings),
        "depends_on": {need: {"condition": "service_healthy"} for need in service.needs},
        "secrets": [
            {"source": f"{service.name}-{secret}", "target": secret} for secret in service.secrets
        ],
        "healthcheck": _health(service, names),
        "profiles": [] if service.runs == "always" else [service.runs],
    }
    return container | {name: value for name, value in optional.items() if value}


def _literal(text: str) -> str:
    """Keep compose from reading a dollar sign as a variable of its own."""
    return text.replace("$", "$$")


def _volumes(service: Service) -> list[str]:
    """Return what a container sees of the host.

    The bundle's folder has another path in each bundle: only who reads it is made anew for that.
    """
    reads = any("{config}" in text for text in (*service.command, *service.environment.values()))
    config = [f"./:{IN_CONTAINER['config']}:ro"] if reads else []
    data = [f"{HOST_DATA}/{service.name}:{IN_CONTAINER['data']}"] if service.keeps_state else []
    return [*config, *data, *service.mounts]


def _published(service: Service, settings: Settings) -> list[str]:
    """Return the ports that the host opens for a service: the edge's, and ACME's beside it."""
    if not service.public:
        return []
    port = ports(settings)[service.name]
    return [f"{port}:{port}", *(["80:80"] if settings.acme else [])]


def _health(service: Service, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Return how Docker asks a container whether it is well."""
    if service.health_path:
        url = f"{service.scheme}://127.0.0.1:{names['port']}{service.health_path}"
        test = _probe(service, url)
    else:
        test = [part.format_map(names) for part in service.health_command]
    if not test:
        return None
    return {
        "test": ["CMD", *test],
        "interval": "5s",
        "timeout": "5s",
        "retries": 12,
        "start_period": "180s",
    }


def _probe(service: Service, url: str) -> list[str]:
    """Return the health probe with what the image has: Python in ours, wget in the others."""
    if service.image == STACK_IMAGE:
        return ["python", "-c", f"import urllib.request as u; u.urlopen({url!r}, timeout=4)"]
    return ["wget", "-q", "--no-check-certificate", "-O", "/dev/null", url]


def _names(
    service: Service, settings: Settings, place: Place, folders: Mapping[str, str]
) -> dict[str, str]:
    """Return what the names in braces of a service's command and environment stand for."""
    edge, where = netloc(place.address, ports(settings)["proxy"]), addresses(settings)
    return {
        **where,
        **folders,
        "bind": _bind(settings),
        "port": str(ports(settings).get(service.name)),
        "bucket": place.bucket,
        "region": settings.region,
        "edge": f"https://{edge}",
        "edge_host": edge,
        "auth": settings.auth,
        "grafana_users": grafana_users.text(settings.grafana_users),
        "retrain_every_hours": str(settings.train_every_hours or ""),
        **{
            f"{name}_database": url[settings.runtime].format_map({**where, **folders})
            for name, url in database.URLS.items()
        },
        "secure_cookies": str(settings.runtime == "compose").lower(),
        "anonymous_viewers": str(settings.runtime == "processes").lower(),
    }


def archive(files: Mapping[str, str]) -> bytes:
    """Pack files into a tar.gz whose bytes depend on nothing but their names and contents."""
    packed = io.BytesIO()
    # Neither the time nor the packer's name may enter: the digest is the bundle's name.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path in sorted(files):
            content = files[path].encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def digest(packed: bytes) -> str:
    """Return the name of a packed bundle: its SHA-256 in hex."""
    return hashlib.sha256(packed).hexdigest()
