"""What the program declares for a stack, recorded without an engine and without AWS."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import mocks, set_all_config, set_mocks
from pulumi.runtime.stack import run_pulumi_func

from infra.program import declare

PROJECT = "pulumi-mlops"
ACCOUNT = "123456789012"
CERTIFICATE = f"arn:aws:acm:eu-west-3:{ACCOUNT}:certificate/1d8f83a5-2f6d-4c6d-8a07-6f0a9d1b2c3e"
OWN_ADDRESS = "203.0.113.7/32"
EXAMPLE = {"owner": "you", "region": "eu-west-3", "allowedCidr": OWN_ADDRESS}
SSH = {"sshPublicKey": "ssh-ed25519 AAAA you", "sshCidr": OWN_ADDRESS}
PROFILES: Mapping[str, Mapping[str, str]] = {
    "dev": {**EXAMPLE, **SSH},
    "hardened": {**EXAMPLE, "profile": "hardened", "certificateArn": CERTIFICATE},
}
"""An example of each profile, with all that it may declare: for documents and reports."""


@dataclass(frozen=True)
class Declared:
    """One resource that the program declares."""

    type: str
    name: str
    inputs: Mapping[str, Any]


class _Recorder(mocks.Mocks):
    """Answers as the engine would, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.declared: list[Declared] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Keep a resource; every output that another one may read is made up."""
        self.declared.append(Declared(args.typ, args.name, args.inputs))
        arn = f"arn:aws:example:eu-west-3:{ACCOUNT}:{args.name}"
        made_up = {
            "arn": arn,
            "publicIp": "203.0.113.9",
            "privateIp": "10.20.128.9",
            "keyId": "made-up",
            "dnsName": "example.invalid",
            "repositoryUrl": "example.invalid/repository",
        }
        return f"{args.name}-id", {"name": args.name, **made_up, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        """Answer every look-up of the program alike: account, parameter, registry login."""
        login = {
            "userName": "AWS",
            "password": "made-up",
            "proxyEndpoint": "https://example.invalid",
        }
        return {"value": "ami-1", "accountId": ACCOUNT, **login, **args.args}, []


def record(values: Mapping[str, str], stack: str = "dev") -> list[Declared]:
    """Run the program once and return what it declares.

    Parameters
    ----------
    values
        The stack's configuration, without its namespace.
    stack
        Name of the stack.

    Raises
    ------
    RunError
        The configuration can't be used.
    """
    recorder = _Recorder()
    quiet = logging.getLogger("pulumi-recording")
    quiet.disabled = True
    with event_loop() as loop:
        set_mocks(recorder, project=PROJECT, stack=stack, preview=False, logger=quiet)
        set_all_config({f"{PROJECT}:{key}": value for key, value in values.items()})
        loop.run_until_complete(run_pulumi_func(declare))
    return recorder.declared


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Make this thread's event loop, and close it with those of its workers.

    Pulumi's mocks make a loop in each thread that has none, and never close it.
    """
    made: list[asyncio.AbstractEventLoop] = []

    def make() -> None:
        made.append(asyncio.new_event_loop())
        asyncio.set_event_loop(made[-1])

    make()
    try:
        with ThreadPoolExecutor(initializer=make) as workers:
            made[0].set_default_executor(workers)
            yield made[0]
    finally:
        asyncio.set_event_loop(None)
        for loop in made:
            loop.close()
