"""The Docker that builds the image: whether it is there and can build for the host."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import NotCheckedError, UserError
from infra.settings import Settings

TIMEOUT_S = 5.0

VERSION = ["docker", "version", "--format", "{{.Server.Version}} {{.Server.Arch}}"]
BUILDER = ["docker", "buildx", "inspect"]


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    status: int
    said: str


Run = Callable[[list[str]], Ran]


def run(command: list[str]) -> Ran:
    """Run a command for a short time.

    Raises
    ------
    FileNotFoundError
        There is no such program.
    TimeoutExpired
        It did not end.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Ran(done.returncode, (done.stdout if done.returncode == 0 else done.stderr).strip())


def check_builder(chosen: Settings, run: Run = run) -> None:
    """See whether the image can be built here.

    Buildx itself is not asked for: the `docker-build` plugin carries its own, and needs the daemon.

    Raises
    ------
    UserError
        There is no Docker, it does not answer, or it can't build for the host's architecture.
    NotCheckedError
        Nothing here can tell whether it builds for another architecture.
    """
    has = _daemon(run)
    if has == chosen.architecture:
        return
    platform = f"linux/{chosen.architecture}"
    remedy = (
        f"An image for {chosen.architecture} built on {has} needs emulation: `docker run "
        f"--privileged --rm tonistiigi/binfmt --install {chosen.architecture}`, or Debian's "
        f"packages qemu-user-static and binfmt-support. Or choose an instance type of {has}: "
        f"`pulumi config set instanceType {'t3.small' if has == 'amd64' else 't4g.small'}`"
    )
    builds = _platforms(run)
    if not builds:
        message = f"whether Docker builds for {platform} can't be told here. {remedy}"
        raise NotCheckedError(message)
    if platform not in builds:
        message = (
            f"docker: it builds for {', '.join(builds)} only, the host is {platform}. {remedy}"
        )
        raise UserError(message)


def _daemon(run: Run) -> str:
    """Return the architecture of the Docker daemon.

    Raises
    ------
    UserError
        It can't be used.
    """
    where = os.environ.get("DOCKER_HOST", "the usual socket")
    try:
        ran = run(VERSION)
    except FileNotFoundError:
        message = (
            "docker: not found. The image of the services is built here: install Docker Engine or "
            "Docker Desktop (Debian: `apt-get install docker.io docker-cli`)"
        )
        raise UserError(message) from None
    except subprocess.TimeoutExpired:
        message = (
            f"docker: no answer from its daemon ({where}) within {TIMEOUT_S:.0f} s. Restart it"
        )
        raise UserError(message) from None
    if ran.status:
        return _explain(ran.said, where)
    return ran.said.partition(" ")[2]


def _explain(said: str, where: str) -> str:
    """Say why the daemon can't be used.

    Raises
    ------
    UserError
        Always.
    """
    if "permission denied" in said:
        remedy = "Add yourself to its group (`sudo usermod -aG docker $USER`) and log in anew"
    else:
        remedy = "Start it: Docker Desktop, or `sudo systemctl start docker`"
    message = f"docker: its daemon ({where}) can't be used ({said}). {remedy}"
    raise UserError(message)


def _platforms(run: Run) -> list[str]:
    """Return what the present builder builds for; nothing where buildx can't tell."""
    try:
        ran = run(BUILDER)
    except (OSError, subprocess.TimeoutExpired):
        return []
    listed = re.search(r"^Platforms:(.*)$", ran.said, re.MULTILINE)
    return re.findall(r"linux/[\w/]+", listed.group(1)) if listed and not ran.status else []
