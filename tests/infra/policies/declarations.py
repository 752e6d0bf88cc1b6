"""What the whole program declares for a profile, recorded under Pulumi's mocks."""

import asyncio
import contextlib
import functools
import gc
import json
import warnings
from pathlib import Path

import pulumi
import yaml

from infra.policies.adapter import plain
from infra.policies.declared import Declared
from infra.program import declare

CHECKOUT = Path(__file__).parents[3]
ACCOUNT = "123456789012"
REGION = "eu-west-3"
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
SETTINGS = {
    "dev": {"allowedCidr": "203.0.113.7/32"},
    "hardened": {
        "allowedCidr": "203.0.113.7/32",
        "profile": "hardened",
        "certificateArn": CERTIFICATE,
    },
}
ANSWERS = {
    "aws:ssm/getParameter:getParameter": {"value": "ami-1", "name": "n", "type": "String"},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
}


class Recorder(pulumi.runtime.Mocks):
    """Remembers every resource, and gives each an id that no other has."""

    def __init__(self):
        self.made = []

    def new_resource(self, args):
        kind = args.typ.rpartition(":")[2] if args.custom else args.typ
        key = f"{kind}({args.name})"
        self.made.append((key, args))
        made = {
            "arn": f"arn:aws:any:{REGION}:{ACCOUNT}:{key}",
            "name": key,
            "publicIp": "198.51.100.7",
            "privateIp": "10.20.0.7",
            "dnsName": "door.example.com",
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{key}",
        }
        return key, {**made, **args.inputs}

    def call(self, args):
        return ANSWERS[args.token]


@functools.cache
def declarations(profile):
    """Return the AWS resources of a profile, in the order in which they were declared."""
    recorder = Recorder()
    document = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())
    given = {f"pulumi-mlops:{key}": value for key, value in SETTINGS[profile].items()}
    with _event_loop():
        pulumi.runtime.set_mocks(recorder, project="pulumi-mlops", stack="dev", preview=False)
        pulumi.runtime.set_all_config({**document["config"], **given})
        pulumi.runtime.test(declare)()
    keys = [key for key, _ in recorder.made]
    assert len(set(keys)) == len(keys)
    return tuple(
        Declared(args.typ, args.name, plain(args.inputs), key, _refs(args.inputs, keys))
        for key, args in recorder.made
        if args.typ.startswith("aws:")
    )


@contextlib.contextmanager
def _event_loop():
    """Give the thread a loop, and clear away those that Pulumi leaves in threads of its own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        # Collected later, in the midst of a compilation, their warnings would break Python 3.11.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def _refs(inputs, keys):
    """Return which resources each property's value names: ids and ARNs hold a resource's key."""
    texts = {path: json.dumps(value) for path, value in inputs.items()}
    return {path: frozenset(key for key in keys if key in text) for path, text in texts.items()}
