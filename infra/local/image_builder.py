"""The embedded `docker-build` provider: one image, built where a Docker daemon stands by.

Stack `local` runs from the checkout and builds nothing. A rehearsal of stack `dev` declares its
image here too: with PULUMI_MLOPS_REGISTRY (host:port of a registry on this machine that plays ECR)
it is really built and pushed, without it the digest of its sources stands for it.
"""

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi.provider.experimental import provider as api

from infra.errors import UserError
from infra.local.provider.server import serve
from infra.local.provider.values import UNKNOWN, is_known, plain_map, secret_names, wire_map

VERSION = "0.0.22"
"""The version of pulumi_docker_build whose schema is served."""

BUILD_TIMEOUT_S = 1800.0
RELEVANT = ("tags", "platforms", "dockerfile", "context")
"""What makes another image; the registry's password changes with each login."""

Run = Callable[[list[str]], str]


def run(command: list[str]) -> str:
    """Run a docker command and return what it printed.

    Raises
    ------
    UserError
        It failed; the message ends with its last words.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{command[0]} can't be used: {error}"
        raise UserError(message) from error
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        message = f"`{' '.join(command[:2])}` failed:\n{end}"
        raise UserError(message)
    return done.stdout


def build(given: dict[str, Any], registry: str | None, run: Run = run) -> str:
    """Build and push an image and return its digest.

    Parameters
    ----------
    given
        The resource's inputs.
    registry
        host:port of the registry that plays ECR; None builds nothing.
    run
        Runs a docker command.

    Raises
    ------
    UserError
        The Dockerfile is missing, or Docker fails.
    """
    dockerfile, context = given["dockerfile"]["location"], given["context"]["location"]
    if not Path(dockerfile).is_file():
        message = f"there is no {dockerfile}"
        raise UserError(message)
    tag = given["tags"][0]
    if registry is None:
        return "sha256:" + hashlib.sha256(tag.encode()).hexdigest()
    # The same name in the registry that stands for the repository's own host.
    local = f"{registry}/{tag.partition('/')[2]}"
    where = ["--platform", given["platforms"][0], "--file", dockerfile, "--tag", local]
    # pip reaches its mirror the way that this machine does.
    settings = [
        part
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTPS_PROXY", "NO_PROXY")
        if name in os.environ
        for part in ("--build-arg", name)
    ]
    run(["docker", "build", "--network", "host", *where, *settings, context])
    run(["docker", "push", "--quiet", local])
    shown = run(["docker", "inspect", "--format", "{{index .RepoDigests 0}}", local])
    return shown.strip().partition("@")[2]


class ImageBuilder(api.Provider):
    """Package `docker-build`, with the one type and the one way to use it of this program."""

    def __init__(self, registry: str | None, run: Run = run) -> None:
        self._registry = registry
        self._run = run

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:  # noqa: ARG002
        """Take any configuration: there is nothing to configure."""
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Judge the inputs that the build uses."""
        given = plain_map(request.new_inputs)
        missing = [name for name in RELEVANT if not given.get(name)]
        failures = [api.CheckFailure(name, "is missing") for name in missing]
        if not given.get("push"):
            failures.append(api.CheckFailure("push", "must be true: the host pulls the image"))
        return api.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Tell whether another image is wanted."""
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        changed = [name for name in RELEVANT if old.get(name) != new.get(name)]
        return api.DiffResponse(changes=bool(changed), replaces=[], diffs=changed)

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Build it."""
        state = await self._built(request.properties, preview=request.preview)
        return api.CreateResponse(
            resource_id="" if request.preview else state["digest"],
            properties=wire_map(state, secret_names(request.properties)),
        )

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Build it again."""
        state = await self._built(request.news, preview=request.preview)
        return api.UpdateResponse(properties=wire_map(state, secret_names(request.news)))

    async def _built(self, properties: Any, *, preview: bool) -> dict[str, Any]:  # noqa: ANN401
        given = plain_map(properties)
        if preview or not is_known({name: given[name] for name in RELEVANT}):
            return {**given, "digest": UNKNOWN, "ref": UNKNOWN}
        digest = await asyncio.to_thread(build, given, self._registry, self._run)
        return {**given, "digest": digest, "ref": f"{given['tags'][0]}@{digest}"}

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """Tell what is known: an image does not change."""
        return api.ReadResponse(
            resource_id=request.resource_id, properties=request.properties, inputs=request.inputs
        )

    async def delete(self, request: api.DeleteRequest) -> None:
        """Do nothing: the repository takes its images with it."""


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        builder = ImageBuilder(os.environ.get("PULUMI_MLOPS_REGISTRY"))
        asyncio.run(serve(builder, VERSION, sys.argv[1:]))
