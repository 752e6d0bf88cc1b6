"""The host's user data: a cloud-init text that says where the bundle is, and starts it."""

import textwrap

import yaml

from infra.bundle import POINTER_KEY
from infra.errors import UserError
from infra.settings import Settings
from infra.status import STATUS_KEY

HOST_ENV_PATH = "/etc/pulumi-mlops/host.env"
"""The file of the user data that names the bucket; the machine of stack `local` reads it too."""

LIMIT_BYTES = 16 * 1024
"""What EC2 takes as user data, before base64."""

LONGEST_BUCKET = 63
SWAP_BYTES = 2 * 2**30

PACKAGES = (
    *("docker.io", "docker-cli", "docker-compose", "apparmor", "awscli"),
    *("amazon-ecr-credential-helper", "e2fsprogs", "unattended-upgrades"),
)
"""Debian's own; without what they only recommend."""

INSTALL = """\
#!/bin/sh
# Installs what the host needs, once; everything after that is the agent's.
set -eu
. /etc/pulumi-mlops/host.env
missing=
for package in $PACKAGES; do
  dpkg-query --show "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  # The public address comes a little after the boot: until then there is no way out.
  tries=60
  until apt-get -qq update; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "the package mirrors can't be reached" >&2; exit 1; }
    sleep 5
  done
  # shellcheck disable=SC2086  # a list of words
  apt-get -qq --no-install-recommends install $missing
fi
# Debian has no package of Session Manager's agent. Without it everything but the shell works.
if ! systemctl is-active --quiet amazon-ssm-agent; then
  package=$(mktemp --suffix=.deb)
  url=https://s3.$AWS_DEFAULT_REGION.amazonaws.com/amazon-ssm-$AWS_DEFAULT_REGION
  file=latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb
  if curl -fsS --retry 3 -o "$package" "$url/$file"; then
    dpkg --install "$package"
  else
    echo "no Session Manager: its agent could not be fetched from $url" >&2
  fi
  rm -f "$package"
fi
systemctl daemon-reload
systemctl enable --now docker pulumi-mlops
"""

START = """\
#!/bin/sh
# Starts the agent of the bundle in force; on a new host, of the bundle that the pointer names.
set -eu
home=/opt/pulumi-mlops
bundle=$home/current
if [ ! -e "$bundle" ]; then
  digest=$(aws s3 cp "s3://$BUCKET/$BUNDLE_POINTER" -)
  mkdir -p $home/first
  aws s3 cp --quiet "s3://$BUCKET/bundles/$digest.tar.gz" $home/first.tar.gz
  echo "$digest  $home/first.tar.gz" | sha256sum --check --quiet
  tar -xzf $home/first.tar.gz -C $home/first
  bundle=$home/first
fi
# Its real path: the link moves while the agent works.
cd "$(realpath "$bundle")"
exec python3 -m infra.onhost.agent
"""

UNIT = """\
[Unit]
Description=Keeps the host at the bundle in force
After=docker.service network-online.target
Wants=network-online.target
Requires=docker.service

[Service]
EnvironmentFile=/etc/pulumi-mlops/host.env
# Docker finds its logins by it, and systemd sets it for no service of the system.
Environment=HOME=/root COMPOSE_ANSI=never
ExecStart=/usr/local/sbin/pulumi-mlops-start
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
"""


def secrets_prefix(settings: Settings) -> str:
    """Return the path under which the host's secrets are parameters."""
    return f"/{settings.project}/{settings.stack}/"


def host_env(settings: Settings, bucket: str, volume: str) -> dict[str, str]:
    """Return what the host must know before it has its bundle; nothing of it is secret."""
    endpoint = {"AWS_ENDPOINT_URL": settings.aws_endpoint} if settings.aws_endpoint else {}
    return {
        "BUCKET": bucket,
        "BUNDLE_POINTER": POINTER_KEY,
        "STATUS": STATUS_KEY,
        "SECRETS_PREFIX": secrets_prefix(settings),
        "DATA_VOLUME": volume,
        "PACKAGES": " ".join(PACKAGES),
        "AWS_DEFAULT_REGION": settings.region,
        # An instance finds AWS by itself; only a process of this machine must be told.
        **(endpoint if settings.runtime == "processes" else {}),
    }


def user_data(settings: Settings, bucket: str, volume: str) -> str:
    """Return the cloud-init text.

    It changes with the settings, the bucket's name and the data volume's id only: a new bundle,
    its agent included, never replaces the host.

    Parameters
    ----------
    settings
        The stack's settings.
    bucket
        Name of the artifact bucket.
    volume
        Id of the data volume.
    """
    known = host_env(settings, bucket, volume)
    env = "".join(f"{name}='{value}'\n" for name, value in known.items())
    document = {
        # Small hosts train with it; cloud-init makes at most as much as the disk can spare.
        "swap": {"filename": "/swapfile", "size": "auto", "maxsize": SWAP_BYTES},
        "write_files": [
            _file(HOST_ENV_PATH, env, "0644"),
            _file("/usr/local/sbin/pulumi-mlops-install", INSTALL, "0755"),
            _file("/usr/local/sbin/pulumi-mlops-start", START, "0755"),
            _file("/etc/systemd/system/pulumi-mlops.service", UNIT, "0644"),
            _file("/root/.docker/config.json", '{"credsStore": "ecr-login"}\n', "0600"),
        ],
        # One script, the last one: cloud-init reports the failure of no other.
        "runcmd": [["/usr/local/sbin/pulumi-mlops-install"]],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False, width=1000)


def check_size(settings: Settings) -> None:
    """See that EC2 would take the user data, before the bucket and the volume have their names.

    Raises
    ------
    UserError
        It is too large; the message names its largest file.
    """
    judge_size(user_data(settings, "b" * LONGEST_BUCKET, "vol-" + "0" * 17))


def judge_size(text: str) -> None:
    """Refuse a user data that EC2 would refuse.

    Raises
    ------
    UserError
        It is too large; the message names its largest file.
    """
    size = len(text.encode())
    if size <= LIMIT_BYTES:
        return
    files = {file["path"]: len(file["content"].encode()) for file in _files(text)}
    largest = max(files, key=lambda path: files[path])
    message = (
        f"the host's user data has {size} bytes, EC2 takes {LIMIT_BYTES}; its largest file is "
        f"{largest} with {files[largest]}. Move what the host needs later into the bundle "
        "(infra/bundle.py): that has no limit"
    )
    raise UserError(message)


def _file(path: str, content: str, mode: str) -> dict[str, str]:
    return {"path": path, "permissions": mode, "content": textwrap.dedent(content)}


def read_host_env(text: str) -> dict[str, str]:
    """Read back, from a user data, what `host_env` put into it.

    Raises
    ------
    ValueError
        The text is no user data of this program.
    """
    for file in _files(text):
        if file["path"] == HOST_ENV_PATH:
            pairs = (line.split("=", 1) for line in file["content"].splitlines())
            return {name: value.strip("'") for name, value in pairs}
    message = f"the user data has no {HOST_ENV_PATH}"
    raise ValueError(message)


def _files(text: str) -> list[dict[str, str]]:
    document = yaml.safe_load(text)
    return document.get("write_files", []) if isinstance(document, dict) else []
