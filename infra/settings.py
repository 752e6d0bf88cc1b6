"""What a stack may set, and the judge of it: values in, values or refusals out."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from infra.errors import UserError
from monitoring.alertmanager import Channels, Mail
from monitoring.grafana_users import ADMIN, ROLES

Network = ipaddress.IPv4Network
Runtime = Literal["compose", "processes"]
Profile = Literal["dev", "hardened"]
Architecture = Literal["amd64", "arm64"]
Auth = Literal["open", "required"]

MIN_PUBLIC_PREFIX = 8
"""A public port is for somebody's addresses: nothing wider than a /8 passes for that."""

LONGEST_NAME = 45
"""A bucket's name has 63 characters; `-artifacts` and Pulumi's own eight are 18 of them."""

NOT_EBS_OPTIMIZED = r"(t[12]|m[123]|c[13]|g2|i2|r3|cc2|cr1|hs1)\."
"""Families of before 2015, whose way to their encrypted volumes is no way of its own."""


@dataclass(frozen=True)
class Settings:
    """One stack's settings, valid by the time that anything is declared."""

    project: str
    stack: str
    owner: str
    region: str
    allowed_cidr: Network
    auth: Auth = "required"
    vpc_cidr: Network = field(default=ipaddress.IPv4Network("10.20.0.0/16"))
    profile: Profile = "dev"
    domain: str | None = None
    certificate_arn: str | None = None
    protect_data: bool = False
    max_monthly_usd: int | None = None
    train_every_hours: int | None = None
    instance_type: str = "t3.small"
    ami_parameter: str | None = None
    data_volume_gb: int = 20
    ssh_public_key: str | None = None
    ssh_cidr: Network | None = None
    runtime: Runtime = "compose"
    aws_endpoint: str | None = None
    host_address: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    ready_timeout_s: int = 900
    channels: Channels = field(default_factory=Channels)
    grafana_users: Mapping[str, str] = field(default_factory=dict)
    """Logins and roles."""

    @property
    def name(self) -> str:
        """Return the prefix of every resource's name."""
        return f"{self.project}-{self.stack}"

    @property
    def architecture(self) -> Architecture:
        """Return the processor architecture of the instance type: Graviton families end in g."""
        return "arm64" if re.match(r"(a1|[a-z]+\d+g[a-z]*)[.-]", self.instance_type) else "amd64"

    @property
    def acme(self) -> bool:
        """Tell whether the edge gets its certificate by ACME; a balancer brings its own."""
        return self.domain is not None and self.profile == "dev"

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags that every resource carries."""
        return {
            "project": self.project,
            "stack": self.stack,
            "owner": self.owner,
            "profile": self.profile,
        }


def read(project: str, stack: str, values: Mapping[str, object]) -> Settings:
    """Judge a stack's configuration values.

    Parameters
    ----------
    project, stack
        Names of the Pulumi project and stack.
    values
        The configuration by key, without its namespace; absent keys are not in it.

    Raises
    ------
    UserError
        One or more values are missing, unknown or not allowed; all are named at once.
    """
    reader = _Reader(values)
    _refuse_name(reader, project, stack)
    settings = _settings(reader, project, stack)
    unknown = sorted(set(values) - reader.seen)
    for key in unknown:
        reader.refuse(key, values[key], f"no such setting; there are: {_listed(reader.seen)}")
    if settings is not None:
        _refuse_pairs(reader, settings)
    if reader.refused or settings is None:
        head = f"stack {stack} has settings that can't be used:"
        foot = "Set one with: pulumi config set KEY VALUE --stack " + stack
        raise UserError("\n".join([head, *reader.refused, foot]))
    return settings


def _refuse_name(reader: "_Reader", project: str, stack: str) -> None:
    """Refuse a stack whose resources could not be named after it."""
    longest = LONGEST_NAME - len(project) - 1
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", stack) or len(stack) > longest:
        allowed = f"a stack's name has small letters, digits and hyphens, {longest} at most"
        reader.refuse("stack", stack, allowed)


def _refuse_pairs(reader: "_Reader", settings: Settings) -> None:
    """Refuse values that are fine alone and make no sense together."""
    if settings.auth == "open" and settings.allowed_cidr.num_addresses > 1:
        admitted = f"allowedCidr {settings.allowed_cidr} admits more than one address"
        reader.refuse("auth", "open", f"{admitted}: set auth to required, or allowedCidr to a /32")
    if settings.ssh_cidr and not settings.ssh_public_key:
        reader.refuse("sshCidr", settings.ssh_cidr, "set sshPublicKey with it, or neither")
    if settings.ssh_public_key and not settings.ssh_cidr:
        reader.refuse("sshPublicKey", "given", "set sshCidr with it, or neither")
    if settings.profile == "hardened" and settings.ssh_cidr:
        reader.refuse("sshCidr", settings.ssh_cidr, "profile hardened has Session Manager instead")
    if settings.profile == "hardened" and not settings.certificate_arn:
        reader.refuse("profile", "hardened", "set certificateArn, for its load balancer's HTTPS")
    if settings.profile == "dev" and settings.certificate_arn:
        reader.refuse("certificateArn", settings.certificate_arn, "only profile hardened has a use")
    ami = settings.ami_parameter
    other = {"amd64": "arm64", "arm64": "amd64|x86_64"}[settings.architecture]
    if ami and re.search(other, ami):
        allowed = f"{settings.instance_type} is {settings.architecture}: name an image for that"
        reader.refuse("amiParameter", ami, allowed)


def _settings(reader: "_Reader", project: str, stack: str) -> Settings | None:
    """Read every key once, collecting what is refused instead of stopping at the first."""
    owner = reader.text("owner", r"[\w.@+ -]{1,64}", "a name or address of up to 64 characters")
    region = reader.text("region", r"[a-z]{2}(-[a-z]{1,12}){1,3}-\d", "a region such as eu-west-3")
    allowed = reader.network("allowedCidr", MIN_PUBLIC_PREFIX, 32)
    optional = {
        "auth": reader.text("auth", "open|required", "open or required", optional=True),
        "vpc_cidr": reader.network("vpcCidr", 16, 24, optional=True),
        "profile": reader.text("profile", "dev|hardened", "dev or hardened", optional=True),
        "domain": reader.text(
            "domain",
            r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
            "a host name in small letters such as ml.example.com",
            optional=True,
        ),
        "certificate_arn": reader.text(
            "certificateArn",
            r"arn:aws[\w-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+",
            "the ARN of an ACM certificate",
            optional=True,
        ),
        "protect_data": reader.flag("protectData"),
        "max_monthly_usd": reader.number("maxMonthlyUsd", 1, 100_000),
        "train_every_hours": reader.number("trainEveryHours", 1, 8760),
        "instance_type": reader.text(
            "instanceType",
            rf"(?!{NOT_EBS_OPTIMIZED})[a-z]\w*(-\w+)?\.\w+",
            "a type such as t3.small, of a family that is EBS-optimized",
            optional=True,
        ),
        "ami_parameter": reader.text(
            "amiParameter", r"/aws/service/[\w./-]+", "a public SSM parameter", optional=True
        ),
        "data_volume_gb": reader.number("dataVolumeGb", 1, 16384),
        "ssh_public_key": reader.text(
            "sshPublicKey", r"(ssh-ed25519|ssh-rsa) [\w+/=]+( .*)?", "an OpenSSH key", optional=True
        ),
        "ssh_cidr": reader.network("sshCidr", MIN_PUBLIC_PREFIX, 32, optional=True),
        "runtime": reader.text(
            "runtime", "compose|processes", "compose or processes", optional=True
        ),
        "aws_endpoint": reader.loopback_url("awsEndpoint"),
        "host_address": reader.text(
            "hostAddress", r"127\.0\.0\.1", "127.0.0.1 only", optional=True
        ),
        "ports": reader.ports("ports"),
        "ready_timeout_s": reader.number("readyTimeoutSeconds", 10, 3600),
        "channels": _channels(reader),
        "grafana_users": reader.users("grafanaUsers"),
    }
    if owner is None or region is None or allowed is None:
        return None
    given = {key: value for key, value in optional.items() if value is not None}
    given.setdefault("protect_data", given.get("profile") == "hardened")
    return Settings(project, stack, owner, region, allowed, **given)  # type: ignore[arg-type]


ADDRESS = r"[\w.+-]+@[\w-]+(\.[\w-]+)+"
# The host's firewall lets nothing else out to the web.
WEB_ADDRESS = r"https://[\w.-]+(/\S*)?|http://127\.0\.0\.1:\d+(/\S*)?"


def _channels(reader: "_Reader") -> Channels:
    """Read where alerts go; a way by e-mail is whole or absent."""
    to = reader.text("alertEmail", ADDRESS, "an address such as team@example.com", optional=True)
    server = reader.text(
        "alertSmtp", r"[\w.-]+:\d{2,5}", "host:port, such as smtp.example.com:587", optional=True
    )
    user = reader.text("alertSmtpUser", ADDRESS, "the address that logs in", optional=True)
    password = reader.secret("alertSmtpPassword", r"\S+", "a password without spaces")
    if to and server and user and password:
        mail = Mail(to, server, user)
    else:
        mail = None
        if to or server or user or password:
            needed = "set alertEmail, alertSmtp, alertSmtpUser and alertSmtpPassword, or none"
            reader.refuse("alertEmail", to or "nothing", needed)
    web = "an https address without a port"
    slack = reader.secret("alertSlackUrl", WEB_ADDRESS, web)
    return Channels(mail, slack, reader.secret("alertWebhookUrl", WEB_ADDRESS, web))


class _Reader:
    """Takes values one by one and remembers which keys were asked for and what was refused."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self.seen: set[str] = set()
        self.refused: list[str] = []

    def refuse(self, key: str, value: object, allowed: str) -> None:
        """Note a refusal: the key, its value and what is allowed."""
        self.refused.append(f"  {key}: {value!s} is refused: {allowed}")

    def _take(self, key: str, allowed: str, *, optional: bool) -> object | None:
        self.seen.add(key)
        value = self._values.get(key)
        if value is None and not optional:
            self.refused.append(f"  {key}: missing: {allowed}")
        return value

    def text(self, key: str, pattern: str, allowed: str, *, optional: bool = False) -> str | None:
        """Take a text that matches a pattern."""
        value = self._take(key, allowed, optional=optional)
        if value is None:
            return None
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            self.refuse(key, value, allowed)
            return None
        return value

    def secret(self, key: str, pattern: str, allowed: str) -> bool:
        """Judge a secret and tell whether it is set; its value is neither kept nor shown."""
        value = self._take(key, allowed, optional=True)
        if value is None:
            return False
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            self.refuse(key, "the secret", allowed)
            return False
        return True

    def network(
        self, key: str, shortest: int, longest: int, *, optional: bool = False
    ) -> Network | None:
        """Take an IPv4 network with a prefix length between two bounds."""
        allowed = f"an IPv4 network such as 203.0.113.7/32, from /{shortest} to /{longest}"
        value = self._take(key, allowed, optional=optional)
        if value is None:
            return None
        try:
            network = ipaddress.IPv4Network(str(value))
        except ValueError:
            self.refuse(key, value, allowed)
            return None
        if not shortest <= network.prefixlen <= longest:
            self.refuse(key, value, allowed)
            return None
        return network

    def number(self, key: str, least: int, most: int) -> int | None:
        """Take an optional whole number within bounds."""
        allowed = f"a whole number from {least} to {most}"
        value = self._take(key, allowed, optional=True)
        if value is None:
            return None
        number = _whole(value)
        if number is None or not least <= number <= most:
            self.refuse(key, value, allowed)
            return None
        return number

    def flag(self, key: str) -> bool | None:
        """Take an optional yes or no."""
        value = self._take(key, "true or false", optional=True)
        if value is None or isinstance(value, bool):
            return value
        if value not in {"true", "false"}:
            self.refuse(key, value, "true or false")
            return None
        return value == "true"

    def loopback_url(self, key: str) -> str | None:
        """Take the address of the embedded AWS: loopback, with a port."""
        allowed = "http://127.0.0.1:PORT"
        value = self._take(key, allowed, optional=True)
        if value is None:
            return None
        try:
            url = urlsplit(str(value))
            good = url.scheme == "http" and url.hostname == "127.0.0.1" and bool(url.port)
        except ValueError:
            good = False
        if not good:
            self.refuse(key, value, allowed)
            return None
        return str(value).rstrip("/")

    def ports(self, key: str) -> Mapping[str, int] | None:
        """Take the ports of services that are not to have their usual one."""
        allowed = "a map of service to port, each from 1024 to 65535, none twice"
        value = self._take(key, allowed, optional=True)
        if value is None:
            return None
        ports = {k: _whole(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
        numbers = [n for n in ports.values() if n is not None and 1024 <= n <= 65535]  # noqa: PLR2004
        if not ports or len(set(numbers)) != len(ports):
            self.refuse(key, value, allowed)
            return None
        return dict(zip(ports, numbers, strict=True))

    def users(self, key: str) -> Mapping[str, str] | None:
        """Take logins with their roles in Grafana."""
        allowed = (
            f"a map of login to {', '.join(ROLES)}; a login has 2 to 32 small letters, digits "
            f"and hyphens, begins with a letter and is not {ADMIN}"
        )
        value = self._take(key, allowed, optional=True)
        if value is None:
            return None
        users = dict(value) if isinstance(value, Mapping) else {}
        if not users or not all(_is_user(login, role) for login, role in users.items()):
            self.refuse(key, value, allowed)
            return None
        return users


def _is_user(login: object, role: object) -> bool:
    is_login = bool(re.fullmatch(r"[a-z][a-z0-9-]{1,31}", str(login))) and login != ADMIN
    return is_login and role in ROLES


def _whole(value: object) -> int | None:
    """Read a whole number: Pulumi's configuration keeps numbers as text."""
    return int(str(value)) if re.fullmatch(r"\d{1,9}", str(value)) else None


def _listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))
