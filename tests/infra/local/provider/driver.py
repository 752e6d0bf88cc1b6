"""Drives a provider in this process by the same requests that the engine sends."""

import asyncio

import pulumi.provider.experimental.provider as api

from infra.local.provider.cloud import Refused
from infra.local.provider.values import plain_map, wire_map
from tests.emulators import SERVICES

REGION = "eu-west-3"
TAGS = {"project": "shop", "stack": "test"}


def configuration(endpoint, tags=None):
    """Return the provider's configuration for an emulator."""
    return {
        "region": REGION,
        "accessKey": "test",
        "secretKey": "test",
        "endpoints": [dict.fromkeys(SERVICES, endpoint)],
        "defaultTags": {"tags": TAGS if tags is None else tags},
    }


class Resource:
    """A resource as the engine keeps it: id, inputs and state."""

    def __init__(self, token, name, resource_id, inputs, state):
        self.urn = f"urn:pulumi:test::shop::{token}::{name}"
        self.token, self.name, self.id = token, name, resource_id
        self.inputs, self.state = inputs, state


class Driver:
    """The engine's side of one provider."""

    def __init__(self, provider):
        self.provider, self.made = provider, []

    def configure(self, given):
        request = api.ConfigureRequest(
            {}, wire_map(given), accept_secrets=True, accept_resources=True
        )
        asyncio.run(self.provider.configure(request))

    @property
    def endpoint(self):
        """Return where the emulator is."""
        return self.provider._configured().settings.endpoints["ec2"]

    def client(self, service):
        """Return the way behind the provider's back."""
        return self.provider._configured().client(service)

    def account(self):
        """Return the account that the emulator plays."""
        return self.client("sts").get_caller_identity()["Account"]

    def check(self, token, name, given, olds=None):
        """Return the checked inputs and the failures' reasons by property."""
        request = api.CheckRequest(
            f"urn:pulumi:test::shop::{token}::{name}", wire_map(olds or {}), wire_map(given), b"s"
        )
        answer = asyncio.run(self.provider.check(request))
        failures = dict(f.reason.split(": ", 1) for f in answer.failures)
        return plain_map(answer.inputs), failures

    def create(self, token, name, given):
        """Check and create."""
        inputs, failures = self.check(token, name, given)
        assert not failures, failures
        urn = f"urn:pulumi:test::shop::{token}::{name}"
        request = api.CreateRequest(urn, wire_map(inputs), 60, preview=False)
        answer = asyncio.run(self.provider.create(request))
        made = Resource(token, name, answer.resource_id, inputs, plain_map(answer.properties))
        self.made.append(made)
        return made

    def diff(self, it, given):
        """Return how what is wanted now differs: by property, whether it replaces."""
        inputs, failures = self.check(it.token, it.name, given, it.inputs)
        assert not failures, failures
        request = api.DiffRequest(it.urn, it.id, wire_map(it.state), wire_map(inputs), [])
        answer = asyncio.run(self.provider.diff(request))
        return {p: p in answer.replaces for p in answer.diffs}

    def update(self, it, given):
        """Check and update in place."""
        inputs, failures = self.check(it.token, it.name, given, it.inputs)
        assert not failures, failures
        request = api.UpdateRequest(
            it.urn, it.id, wire_map(it.state), wire_map(inputs), 60, [], preview=False
        )
        answer = asyncio.run(self.provider.update(request))
        it.inputs, it.state = inputs, plain_map(answer.properties)

    def refresh(self, it):
        """Read it into the state and return whether it is still there."""
        request = api.ReadRequest(it.urn, it.id, wire_map(it.state), wire_map(it.inputs))
        answer = asyncio.run(self.provider.read(request))
        if answer.resource_id:
            it.inputs, it.state = plain_map(answer.inputs), plain_map(answer.properties)
        return bool(answer.resource_id)

    def adopt(self, token, name, resource_id):
        """Import by id."""
        urn = f"urn:pulumi:test::shop::{token}::{name}"
        answer = asyncio.run(self.provider.read(api.ReadRequest(urn, resource_id, {}, {})))
        assert answer.resource_id, f"{resource_id} not found"
        inputs, state = plain_map(answer.inputs), plain_map(answer.properties)
        return Resource(token, name, answer.resource_id, inputs, state)

    def delete(self, it):
        request = api.DeleteRequest(it.urn, it.id, wire_map(it.state), 60)
        asyncio.run(self.provider.delete(request))

    def remove_all(self):
        """Delete what a test has left, newest first."""
        for it in reversed(self.made):
            try:
                self.delete(it)
            except Refused as error:
                message = f"left behind: {it.token} {it.id}: {error}"
                raise AssertionError(message) from error
