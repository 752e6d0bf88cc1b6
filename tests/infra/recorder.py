"""Runs the program once on Pulumi's mocks and remembers what it declares."""

import json
from pathlib import Path

import pulumi
import yaml
from pulumi.runtime.mocks import MockMonitor

from infra.program import declare
from infra.recording import event_loop

ACCOUNT = "123456789012"
ALLOWED = "203.0.113.7/32"
CERTIFICATE = f"arn:aws:acm:eu-west-3:{ACCOUNT}:certificate/1f0c"
CHECKOUT = Path(__file__).parents[2]


class Recorder(pulumi.runtime.Mocks):
    """Remembers every declared resource as plain data."""

    def __init__(self):
        self.declared = []

    def new_resource(self, args):
        self.declared.append(args)
        known = {
            "arn": f"arn:{args.inputs.get('name', args.name)}",
            "publicIp": "1.2.3.4",
            "privateIp": "10.20.128.4",
            "dnsName": "balancer.example.com",
            "repositoryUrl": "ecr/x",
        }
        return f"{args.name}-id", {"name": args.name, **known, **args.inputs}

    def call(self, args):
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": ACCOUNT}
        if args.token == "aws:ecr/getAuthorizationToken:getAuthorizationToken":
            return {"userName": "AWS", "password": "p", "proxyEndpoint": "https://ecr"}
        assert args.token == "aws:ssm/getParameter:getParameter"
        return {"value": f"image of {args.args['name']}", **args.args, "type": "String"}


class Monitor(MockMonitor):
    """Remembers what the mocks are not told: which resources are protected."""

    def __init__(self, mocks):
        super().__init__(mocks)
        self.protected = set()

    def RegisterResource(self, request):  # noqa: N802  # gRPC's name
        if request.protect:
            self.protected.add((request.type, request.name))
        return super().RegisterResource(request)


def record(recorder, stack, secrets=(), **changes):
    """Run the program once with a stack's own configuration file, and changes to it.

    `secrets` names those of the changes that were set with `--secret`.
    """
    monitor = Monitor(recorder)
    document = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())
    changed = {f"pulumi-mlops:{key}": value for key, value in changes.items()}
    values = {**document["config"], **changed}
    with event_loop():
        pulumi.runtime.set_mocks(
            recorder, project="pulumi-mlops", stack=stack, preview=False, monitor=monitor
        )
        written = {k: json.dumps(v) if isinstance(v, dict) else str(v) for k, v in values.items()}
        pulumi.runtime.set_all_config(written, [f"pulumi-mlops:{key}" for key in secrets])
        pulumi.runtime.test(declare)()
    return recorder.declared, monitor.protected


def run_with_protection(stack, **changes):
    """Return what one run of the program declares, and which of it is protected."""
    return record(Recorder(), stack, **changes)


def run(stack, **changes):
    """Return what one run of the program declares."""
    return run_with_protection(stack, **changes)[0]


def of_type(declared, token):
    """Return the declared resources of one type."""
    return [d for d in declared if d.typ == token]
