"""The host's user data: a cloud-init text that says where the bundle is, and starts it."""

import textwrap

import yaml

from infra.bundle import HOST_SECRETS, POINTER_KEY
from infra.services import SERVICES
from infra.settings import Settings

HOST_ENV_PATH = "/etc/pulumi-mlops/host.env"
"""The file of the user data that names the bucket; the machine of stack `local` reads it too."""

ROLLOUT = """\
#!/bin/sh
# Fetches the bundle in force and brings the services to it.
set -eu
. /etc/pulumi-mlops/host.env
digest=$(aws s3 cp "s3://$BUCKET/$BUNDLE_POINTER" -)
home=/opt/pulumi-mlops/$digest
if [ ! -d "$home" ]; then
  mkdir -p "$home.part"
  aws s3 cp "s3://$BUCKET/bundles/$digest.tar.gz" "$home.part.tar.gz"
  echo "$digest  $home.part.tar.gz" | sha256sum --check --quiet
  tar -xzf "$home.part.tar.gz" -C "$home.part"
  mv "$home.part" "$home"
fi
umask 077
mkdir -p "$SECRETS_DIR"
for secret in $SECRETS; do
  aws ssm get-parameter --with-decryption --name "$SECRETS_PREFIX$secret" \\
    --query Parameter.Value --output text > "$SECRETS_DIR/$secret"
done
cd "$home"
exec docker compose up --detach --remove-orphans
"""

UNIT = """\
[Unit]
Description=Services of pulumi-mlops, from the bundle in force
After=docker.service network-online.target
Wants=network-online.target
Requires=docker.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/pulumi-mlops-rollout

[Install]
WantedBy=multi-user.target
"""

TIMER = """\
[Unit]
Description=Follows the bundle in force

[Timer]
OnBootSec=30
OnUnitInactiveSec=30

[Install]
WantedBy=timers.target
"""


def secrets_prefix(settings: Settings) -> str:
    """Return the path under which the host's secrets are parameters."""
    return f"/{settings.project}/{settings.stack}/"


def host_env(settings: Settings, bucket: str) -> dict[str, str]:
    """Return what the host must know before it has its bundle; nothing of it is secret."""
    secrets = sorted({secret for service in SERVICES for secret in service.secrets})
    endpoint = {"AWS_ENDPOINT_URL": settings.aws_endpoint} if settings.aws_endpoint else {}
    return {
        "BUCKET": bucket,
        "BUNDLE_POINTER": POINTER_KEY,
        "SECRETS": " ".join(secrets),
        "SECRETS_PREFIX": secrets_prefix(settings),
        "SECRETS_DIR": HOST_SECRETS,
        "AWS_DEFAULT_REGION": settings.region,
        **endpoint,
    }


def user_data(settings: Settings, bucket: str) -> str:
    """Return the cloud-init text.

    It changes with the settings and the bucket's name only: a new bundle never replaces the host.
    """
    env = "".join(f"{name}='{value}'\n" for name, value in host_env(settings, bucket).items())
    document = {
        "packages": ["docker.io", "docker-compose", "awscli", "amazon-ecr-credential-helper"],
        "package_update": True,
        "write_files": [
            _file(HOST_ENV_PATH, env, "0644"),
            _file("/usr/local/sbin/pulumi-mlops-rollout", ROLLOUT, "0755"),
            _file("/etc/systemd/system/pulumi-mlops.service", UNIT, "0644"),
            _file("/etc/systemd/system/pulumi-mlops.timer", TIMER, "0644"),
            _file("/root/.docker/config.json", '{"credsStore": "ecr-login"}\n', "0600"),
        ],
        "runcmd": [
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", "pulumi-mlops.service", "pulumi-mlops.timer"],
        ],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False, width=1000)


def _file(path: str, content: str, mode: str) -> dict[str, str]:
    return {"path": path, "permissions": mode, "content": textwrap.dedent(content)}


def read_host_env(text: str) -> dict[str, str]:
    """Read back, from a user data, what `host_env` put into it.

    Raises
    ------
    ValueError
        The text is no user data of this program.
    """
    document = yaml.safe_load(text)
    files = document.get("write_files", []) if isinstance(document, dict) else []
    for file in files:
        if file["path"] == HOST_ENV_PATH:
            pairs = (line.split("=", 1) for line in file["content"].splitlines())
            return {name: value.strip("'") for name, value in pairs}
    message = f"the user data has no {HOST_ENV_PATH}"
    raise ValueError(message)
