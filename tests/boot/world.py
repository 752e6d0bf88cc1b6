"""What stands for AWS around the machine: its API, its registries, its metadata service.

Everything listens on 127.0.0.1. The machine has no network but its own loopback: unix sockets in
one shared folder are the only ways in and out.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

REGION = "eu-west-3"
GATEWAY = """\
{{
	admin off
	auto_https disable_redirects
	https_port {port}
	skip_install_trust
	storage file_system {cache}/gateway
	log {{
		output file {folder}/gateway.log
	}}
}}

# Which name a certificate is for is the only thing that tells the services apart.
https://*.dkr.ecr.{region}.amazonaws.com {{
	bind 127.0.0.1
	tls internal
	log
	@anonymous not header Authorization Basic*
	handle @anonymous {{
		header WWW-Authenticate `Basic realm="ecr"`
		respond 401
	}}
	handle {{
		reverse_proxy 127.0.0.1:{registry} {{
			header_up -Authorization
		}}
	}}
}}

https://registry-1.docker.io {{
	bind 127.0.0.1
	tls internal
	log
	reverse_proxy 127.0.0.1:{registry}
}}

https://*.s3.{region}.amazonaws.com {{
	bind 127.0.0.1
	tls internal
	log
	# The emulator wants a bucket as part of the path.
	rewrite * /{{labels.4}}{{uri}}
	reverse_proxy 127.0.0.1:{aws} {{
		header_up Host s3.{region}.amazonaws.com
	}}
}}

https://*.{region}.amazonaws.com, https://api.ecr.{region}.amazonaws.com {{
	bind 127.0.0.1
	tls internal
	log
	reverse_proxy 127.0.0.1:{aws}
}}
"""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one run."""

    aws: int
    registry: int
    gateway: int
    metadata: int
    edge: int


def start_gateway(caddy: Path, cache: Path, folder: Path, ports: Ports) -> subprocess.Popen[bytes]:
    """Start the TLS front of AWS and of the public registry; its authority is kept."""
    config = folder / "gateway.caddyfile"
    config.write_text(
        GATEWAY.format(
            cache=cache,
            folder=folder,
            region=REGION,
            port=ports.gateway,
            registry=ports.registry,
            aws=ports.aws,
        )
    )
    command = [str(caddy), "run", "--config", str(config), "--adapter", "caddyfile"]
    with (folder / "gateway-start.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def authority(cache: Path) -> Path:
    """Return the certificate of the authority that the gateway made for itself."""
    return cache / "gateway/pki/authorities/local/root.crt"


def start_sockets(sockets: Path, ports: Ports) -> list[subprocess.Popen[bytes]]:
    """Lead the machine's sockets to this machine's ports, and the edge's port into it."""
    ways = [
        (f"UNIX-LISTEN:{sockets}/metadata,fork", f"TCP:127.0.0.1:{ports.metadata}"),
        (f"UNIX-LISTEN:{sockets}/aws,fork", f"TCP:127.0.0.1:{ports.gateway}"),
        (
            f"TCP-LISTEN:{ports.edge},bind=127.0.0.1,fork,reuseaddr",
            f"UNIX-CONNECT:{sockets}/edge",
        ),
    ]
    return [
        subprocess.Popen(["socat", *way], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for way in ways
    ]
