"""The host bundle: every file that the host needs, rendered from the one list of services."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import yaml

from infra.services import SERVICES, STACK_IMAGE, Service, addresses, ports
from infra.settings import Settings
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


def key(digest: str) -> str:
    """Return the bucket key of a bundle."""
    return f"bundles/{digest}.tar.gz"


def render(settings: Settings, bucket: str, image: str) -> dict[str, str]:
    """Return the bundle's files.

    Parameters
    ----------
    settings
        The stack's settings.
    bucket
        Name of the artifact bucket.
    image
        Reference of this repository's image, with the tag of its sources.

    Returns
    -------
    dict
        Text by path within the bundle.
    """
    where = addresses(settings)
    scraped = [
        ScrapeTarget(_job(service), where[service.name], service.metrics_path)
        for service in SERVICES
        if service.metrics_path
    ]
    services = (
        {"compose.yaml": compose(settings, bucket, image)}
        if settings.runtime == "compose"
        else {"processes.json": processes(settings, bucket, image)}
    )
    provisioning = render_grafana(f"http://{where['prometheus']}", GRAFANA_DASHBOARDS)
    return {
        **services,
        "prometheus.yml": render_prometheus(scraped),
        **{f"grafana/{path}": text for path, text in provisioning.items()},
    }


def _job(service: Service) -> str:
    """Return the service's Prometheus job; the node exporter's dashboards expect `node`."""
    return "node" if service.name == "node-exporter" else service.name


def processes(settings: Settings, bucket: str, image: str) -> str:
    """Return the services as processes of one machine, for a supervisor."""
    described = [
        {
            "name": service.name,
            "command": [part.format_map(names) for part in service.command],
            # The tag of the sources stands in for the image: other code, other process.
            "environment": {
                **{k: v.format_map(names) for k, v in service.environment.items()},
                **({"STACK_IMAGE": image} if service.image == STACK_IMAGE else {}),
            },
            "port": ports(settings).get(service.name),
            "health_path": service.health_path,
            "needs": list(service.needs),
            "secrets": list(service.secrets),
            "optional": service.optional,
            "runs": service.runs,
        }
        for service in SERVICES
        for names in [_names(service, settings, bucket, "127.0.0.1", KEPT_FOR_HOST)]
    ]
    return json.dumps(described, indent=1)


def compose(settings: Settings, bucket: str, image: str) -> str:
    """Return the services as a compose file."""
    secrets = sorted({secret for service in SERVICES for secret in service.secrets})
    document = {
        "name": settings.project,
        "services": {
            service.name: _container(service, settings, bucket, image) for service in SERVICES
        },
        "secrets": {secret: {"file": f"{HOST_SECRETS}/{secret}"} for secret in secrets},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _container(service: Service, settings: Settings, bucket: str, image: str) -> dict[str, Any]:
    """Return one service of the compose file: bounded, without privileges, read-only."""
    names = _names(service, settings, bucket, "0.0.0.0", IN_CONTAINER)  # noqa: S104
    port = ports(settings).get(service.name)
    container: dict[str, Any] = {
        "image": image if service.image == STACK_IMAGE else service.image,
        "entrypoint": [part.format_map(names) for part in service.command],
        "environment": {k: v.format_map(names) for k, v in service.environment.items()},
        "restart": "unless-stopped" if service.runs == "always" else "on-failure",
        "mem_limit": f"{service.memory_mb}m",
        "read_only": True,
        "tmpfs": ["/tmp"],  # noqa: S108  # the container's own
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "volumes": [f"./:{IN_CONTAINER['config']}:ro"],
    }
    if service.keeps_state:
        container["volumes"].append(f"{HOST_DATA}/{service.name}:{IN_CONTAINER['data']}")
    if service.public:
        container["ports"] = [f"{port}:{port}"]
    if service.needs:
        container["depends_on"] = {n: {"condition": "service_healthy"} for n in service.needs}
    if service.secrets:
        container["secrets"] = list(service.secrets)
    if service.health_path:
        container["healthcheck"] = {
            "test": ["CMD", *_probe(service, f"http://127.0.0.1:{port}{service.health_path}")],
            "interval": "10s",
            "timeout": "5s",
            "retries": 6,
            "start_period": "30s",
        }
    return container


def _probe(service: Service, url: str) -> list[str]:
    """Return the health probe with what the image has: Python in ours, wget in the others."""
    if service.image == STACK_IMAGE:
        return ["python", "-c", f"import urllib.request as u; u.urlopen({url!r}, timeout=4)"]
    return ["wget", "-q", "-O", "/dev/null", url]


def _names(
    service: Service, settings: Settings, bucket: str, bind: str, folders: Mapping[str, str]
) -> dict[str, str]:
    """Return what the names in braces of a service's command and environment stand for."""
    port = ports(settings).get(service.name)
    return {**addresses(settings), **folders, "bind": bind, "port": str(port), "bucket": bucket}


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
