"""The lifecycle that all types share: check, diff, create, read, update, delete."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.provider.experimental import provider as api

from infra.errors import UserError
from infra.local.provider import cloud as clouds
from infra.local.provider import naming, properties, resource
from infra.local.provider.catalog import own_type, resource_type
from infra.local.provider.cloud import Cloud, Refused, gone_is_fine, sentence
from infra.local.provider.functions import FUNCTIONS, secret_results
from infra.local.provider.home import Home
from infra.local.provider.resource import ResourceType
from infra.local.provider.values import (
    UNKNOWN,
    Props,
    Wire,
    plain_map,
    secret_names,
    wire_map,
)

T = TypeVar("T")

Request: TypeAlias = (
    api.CheckRequest
    | api.DiffRequest
    | api.CreateRequest
    | api.ReadRequest
    | api.UpdateRequest
    | api.DeleteRequest
)

EXPECTED = (BotoCoreError, ClientError, Refused, UserError)
"""Faults that are told in one line; anything else is a mistake of this program."""

FORGOTTEN = "__forgotten"
"""In the state: what an emulator told of inputs that it had accepted and not kept."""

KINDS = {
    (True, False): (api.PropertyDiffKind.ADD, api.PropertyDiffKind.ADD_REPLACE),
    (False, True): (api.PropertyDiffKind.DELETE, api.PropertyDiffKind.DELETE_REPLACE),
    (False, False): (api.PropertyDiffKind.UPDATE, api.PropertyDiffKind.UPDATE_REPLACE),
}
"""By whether there was nothing before, and whether there is nothing after."""


class AwsProvider(api.Provider):
    """Package `aws` for an AWS on this machine.

    Parameters
    ----------
    home
        What stands behind it on stack `local`; None for an emulator that somebody else runs.
    patience_s
        How long AWS may take for what it does after its answer, in seconds.
    """

    def __init__(self, home: Home | None = None, patience_s: float = 20.0) -> None:
        self._home = home
        self._patience_s = patience_s
        self._cloud: Cloud | None = None
        self._creating = 0

    async def check_config(self, request: api.CheckRequest) -> api.CheckResponse:
        """Refuse a configuration that leads to a real AWS."""
        failures = _failures(clouds.settings_faults(plain_map(request.new_inputs)))
        return api.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:
        """Take the configuration, and see to it that the embedded AWS runs.

        Raises
        ------
        Refused
            The configuration can't be used.
        """
        given = plain_map(request.args)
        for fault in clouds.settings_faults(given):
            message = f"provider aws: {fault.path}: {fault.reason}"
            raise Refused(message)
        settings = clouds.read_settings(given)
        cloud = Cloud(settings, patience_s=self._patience_s)
        if self._home:
            await asyncio.to_thread(self._home.wake, settings.ports())
            cloud.machine = self._home.machine
        self._cloud = cloud
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def invoke(self, request: api.InvokeRequest) -> api.InvokeResponse:
        """Call a function.

        Raises
        ------
        Refused
            The function is not covered.
        """
        function = FUNCTIONS.get(request.tok)
        if function is None:
            message = f"function {request.tok} is not covered by the embedded AWS provider"
            raise Refused(message)
        args = plain_map(request.args)
        told = await self._ask(request.tok, lambda cloud: function(cloud, args))
        hidden = secret_results(request.tok, told)
        return api.InvokeResponse(return_value=wire_map(told, hidden))

    async def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Judge inputs and fill in what was left out."""
        kind, _ = _subject(request)
        given, olds = plain_map(request.new_inputs), plain_map(request.old_inputs)
        filled, faults = resource.check(
            kind, request.name, given, olds, request.random_seed, self._configured()
        )
        inputs = wire_map(filled, _secrets(kind, request.new_inputs))
        return api.CheckResponse(inputs=inputs, failures=_failures(faults))

    async def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Tell what an update would change, and whether it takes another resource."""
        kind, _ = _subject(request)
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        forced = kind.replaced_on(new)
        found = [
            dataclasses.replace(c, replaces=c.replaces or c.path in forced)
            for c in properties.changes(kind.all_inputs, old, new)
        ]
        replaces = [c.path for c in found if c.replaces]
        return api.DiffResponse(
            changes=bool(found),
            replaces=replaces,
            diffs=[c.path for c in found],
            delete_before_replace=bool(replaces)
            and resource.must_delete_first(kind, request.name, old, new),
            detailed_diff={
                c.path: api.PropertyDiff(
                    KINDS[c.old is None, c.new is None][c.replaces], input_diff=True
                )
                for c in found
            },
        )

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Make a resource; what can't be finished is removed again."""
        kind, what = _subject(request)
        given, hidden = plain_map(request.properties), _secrets(kind, request.properties)
        if request.preview:
            awaited = [*kind.outputs, *(k for k, p in kind.inputs.items() if p.computed)]
            shown = {**dict.fromkeys(awaited, UNKNOWN), **given}
            return api.CreateResponse(resource_id="", properties=wire_map(shown, hidden))
        self._creating += 1
        try:
            made, state = await self._ask(what, lambda cloud: _create(kind, cloud, given))
            self._note(kind, made)
        finally:
            self._creating -= 1
        return api.CreateResponse(resource_id=made, properties=wire_map(state, hidden))

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """Tell what a resource is like now; an empty id where it is gone."""
        kind, what = _subject(request)
        state, given = plain_map(request.properties), plain_map(request.inputs)
        hidden = _secrets(kind, request.properties, request.inputs)
        real = await self._ask(what, lambda cloud: kind.read(cloud, request.resource_id, state))
        if real is None:
            await self._ask(what, lambda cloud: kind.forget(cloud, request.resource_id))
            self._strike(kind, request.resource_id)
            return api.ReadResponse(resource_id="")
        forgotten = state.get(FORGOTTEN, {})
        # What AWS never kept, and tells like at the beginning, it does not tell.
        real = {k: v for k, v in real.items() if k not in forgotten or v != forgotten[k]}
        default = self._configured().settings.default_tags
        if "tagsAll" in real:
            real["tags"] = naming.own_tags(default, given.get("tags"), real["tagsAll"])
        inputs = properties.observed(kind.all_inputs, given, real, importing=not given)
        self._note(kind, real["id"])
        return api.ReadResponse(
            resource_id=real["id"],
            properties=wire_map(_state(inputs, real, forgotten), hidden),
            inputs=wire_map(inputs, hidden),
        )

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Change a resource in place."""
        kind, what = _subject(request)
        old, new = plain_map(request.olds), plain_map(request.news)
        hidden = _secrets(kind, request.news)
        if request.preview:
            awaited = dict.fromkeys(kind.volatile, UNKNOWN)
            outputs = {k: old[k] for k in old if k not in kind.all_inputs}
            shown = {**_computed(kind, old), **outputs, **awaited, **new}
            return api.UpdateResponse(properties=wire_map(shown, hidden))
        state = await self._ask(
            what, lambda cloud: _update(kind, cloud, request.resource_id, old, new)
        )
        return api.UpdateResponse(properties=wire_map(state, hidden))

    async def delete(self, request: api.DeleteRequest) -> None:
        """Remove a resource; with the last one the embedded AWS ends too."""
        kind, what = _subject(request)
        known = plain_map(request.properties)

        def remove(cloud: Cloud) -> None:
            with gone_is_fine():
                kind.delete(cloud, request.resource_id, known)

        await self._ask(what, remove)
        last = self._strike(kind, request.resource_id)
        # What is being made is in no ledger yet.
        if last and self._home and not self._creating:
            await asyncio.to_thread(self._home.rest)

    async def _ask(self, what: str, work: Callable[[Cloud], T]) -> T:
        """Do AWS's work beside that of other resources; name the resource in a fault."""
        cloud = self._configured()

        def named() -> T:
            with _named(what):
                if self._home:
                    self._home.wake_again()
                return work(cloud)

        return await asyncio.to_thread(named)

    def _configured(self) -> Cloud:
        if self._cloud is None:
            message = "the aws provider has not been configured"
            raise Refused(message)
        return self._cloud

    def _note(self, kind: ResourceType, resource_id: str) -> None:
        if self._home:
            self._home.ledger.add(kind.type_name, resource_id)

    def _strike(self, kind: ResourceType, resource_id: str) -> bool:
        return bool(self._home and self._home.ledger.remove(kind.type_name, resource_id))


def _subject(request: Request) -> tuple[ResourceType, str]:
    """Return the type of a resource, and what to call the resource in a fault."""
    kind = resource_type(own_type(request.type))
    return kind, f"{kind.type_name} {request.name}"


def _create(kind: ResourceType, cloud: Cloud, given: Props) -> tuple[str, Props]:
    """Make a resource, bring it to what was asked for, and read it."""
    made = kind.create(cloud, given)
    try:
        kind.settle(cloud, made, given)
        real = cloud.appeared(made, lambda: kind.read(cloud, made, given))
    except BaseException:
        # The engine hears of no id: nobody else could ever remove it.
        with contextlib.suppress(*EXPECTED):
            kind.delete(cloud, made, given)
        raise
    return made, _state(given, real, _forgotten(kind, given, real))


def _update(kind: ResourceType, cloud: Cloud, resource_id: str, old: Props, new: Props) -> Props:
    """Change a resource and its tags, and read it."""
    differing = list(properties.changes(kind.inputs, old, new))
    if differing:
        kind.update(cloud, resource_id, old, new)
    if kind.tagged and old.get("tagsAll", {}) != new["tagsAll"]:
        kind.tag(cloud, resource_id, old, new["tagsAll"])
    real = cloud.appeared(resource_id, lambda: kind.read(cloud, resource_id, new))
    return _state(new, real, _forgotten(kind, new, real))


def _forgotten(kind: ResourceType, given: Props, real: Props) -> Props:
    """Return what AWS tells of inputs that it has just accepted and did not keep."""
    seen = properties.observed(kind.all_inputs, given, real)
    return {k: real[k] for k in kind.forgotten & given.keys() if seen.get(k) != given[k]}


def _state(inputs: Props, real: Props, forgotten: Props) -> Props:
    """Return what the engine keeps: outputs as AWS tells them, inputs as they were given."""
    told = {k: v for k, v in real.items() if k != "id" and v is not None}
    return {**told, **inputs, **({FORGOTTEN: forgotten} if forgotten else {})}


def _computed(kind: ResourceType, old: Props) -> Props:
    return {k: old[k] for k, p in kind.all_inputs.items() if p.computed and k in old}


def _secrets(kind: ResourceType, *maps: Wire) -> set[str]:
    """Return the properties to keep secret: `tagsAll` holds what `tags` does."""
    hidden = secret_names(*maps) | kind.secrets
    return hidden | {"tagsAll"} if "tags" in hidden else hidden


def _failures(faults: Iterable[properties.Fault]) -> list[api.CheckFailure]:
    # The engine would print the value of a property that it is told: secrets too.
    return [api.CheckFailure("", f"{fault.path}: {fault.reason}") for fault in faults]


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Turn an expected fault into one line that begins with the resource."""
    try:
        yield
    except EXPECTED as error:
        message = f"{what}: {sentence(error)}"
        raise Refused(message) from error
