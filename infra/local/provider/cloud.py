"""The way to the embedded AWS: configuration, clients, faults and waiting."""

import ipaddress
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.provider.machine import Machine, NoMachine
from infra.local.provider.properties import Fault
from infra.local.provider.values import UNKNOWN, Plain, Props

T = TypeVar("T")

GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|InvalidInstanceID\.Terminated|^404$")
"""What the services call a thing that is not there; each has words of its own."""

POLL_S = 0.2


@dataclass(frozen=True)
class Settings:
    """The provider's configuration."""

    region: str
    endpoints: dict[str, str]
    access_key: str = "test"
    secret_key: str = field(default="test", repr=False)
    default_tags: dict[str, str] = field(default_factory=dict)

    def ports(self) -> set[int]:
        """Return the ports of the endpoints."""
        return {urlsplit(url).port or 80 for url in self.endpoints.values()}


def settings_faults(given: Props) -> Iterator[Fault]:
    """Yield why a configuration can't be used: above all, an endpoint that is not this machine.

    Parameters
    ----------
    given
        The provider's inputs, nested ones decoded or as JSON texts.

    Yields
    ------
    Fault
        One a property.
    """
    if not given.get("region"):
        yield Fault("region", "is required, and is missing")
    endpoints = decoded(given.get("endpoints"))
    if endpoints is UNKNOWN:
        return
    if not endpoints or not any(endpoints):
        reason = "is missing: this provider serves the embedded AWS only, at a loopback address"
        yield Fault("endpoints", reason)
        return
    for url in sorted({url for url in _merged(endpoints).values() if url is not UNKNOWN}):
        if not is_loopback(url):
            reason = f"{url!r} is not a loopback address: this provider never talks to a real AWS"
            yield Fault("endpoints", reason)


def read_settings(given: Props) -> Settings:
    """Return the configuration that `settings_faults` found nothing wrong with."""
    tags = decoded(given.get("defaultTags")) or {}
    return Settings(
        region=given["region"],
        endpoints=_merged(decoded(given["endpoints"])),
        access_key=given.get("accessKey", "test"),
        secret_key=given.get("secretKey", "test"),
        default_tags=dict(tags.get("tags") or {}),
    )


def decoded(value: Plain) -> Plain:
    """Return a nested value of the configuration, which the SDK sends as JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _merged(endpoints: Plain) -> dict[str, Plain]:
    return {service: url for given in endpoints for service, url in given.items() if url}


def is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine only."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"


@dataclass
class Cloud:
    """One account in one region, and the machine that plays its hosts."""

    settings: Settings
    machine: Machine = field(default_factory=NoMachine)
    patience_s: float = 20.0
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its classes at run time
        """Return the service's client; one is shared by all threads.

        Raises
        ------
        Refused
            The configuration has no endpoint for the service.
        """
        with self._lock:
            if service not in self._clients:
                if service not in self.settings.endpoints:
                    message = f"the provider's endpoints name none for service {service}"
                    raise Refused(message)
                self._clients[service] = boto3.Session().client(
                    service,
                    endpoint_url=self.settings.endpoints[service],
                    region_name=self.settings.region,
                    aws_access_key_id=self.settings.access_key,
                    aws_secret_access_key=self.settings.secret_key,
                    config=Config(
                        retries={"mode": "standard", "max_attempts": 3},
                        s3={"addressing_style": "path"},
                        proxies={},
                        max_pool_connections=32,
                    ),
                )
            return self._clients[service]

    def insist(self, call: Callable[[], T], *codes: str) -> T:
        """Repeat a call while AWS answers with one of these codes, up to the cloud's patience.

        Parameters
        ----------
        call
            What to do.
        codes
            Error codes, or parts of messages, of things that are not ready yet.

        Returns
        -------
        T
            What the call returns.

        Raises
        ------
        ClientError
            Any other answer, or one of these after all the time.
        """
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                return call()
            except ClientError as error:
                told = f"{code(error)} {error}"
                if time.monotonic() > deadline or not any(c in told for c in codes):
                    raise
            time.sleep(POLL_S)

    def appeared(self, what: str, read: Callable[[], T | None]) -> T:
        """Return what a read finds, which may take AWS a moment to show."""
        found: list[T] = []

        def ready() -> bool:
            seen = read()
            found.extend([] if seen is None else [seen])
            return bool(found)

        self.wait(f"{what} to be seen", ready)
        return found[0]

    def wait(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until something is so.

        Raises
        ------
        Refused
            It is not within the cloud's patience.
        """
        deadline = time.monotonic() + self.patience_s
        while not ready():
            if time.monotonic() > deadline:
                message = f"{what}: not so after {self.patience_s:g} s"
                raise Refused(message)
            time.sleep(POLL_S)


class Refused(Exception):  # noqa: N818  # it is what happened
    """A request that can't be served, with the reason for people."""


def code(error: Exception) -> str:
    """Return AWS's code of an error."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def is_gone(error: Exception) -> bool:
    """Tell whether an error means that the thing asked for does not exist."""
    return bool(GONE.search(code(error)))


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Let what is already gone be gone."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


def sentence(error: Exception) -> str:
    """Return an error as one line for people."""
    if isinstance(error, ClientError):
        told = error.response["Error"].get("Message") or "no message"
        return " ".join(f"{error.operation_name}: {code(error)}: {told}".split())
    if isinstance(error, BotoCoreError):
        return " ".join(str(error).split())
    return str(error) or type(error).__name__
