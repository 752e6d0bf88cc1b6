"""Puts Pulumi's engine into `.local`: CLI, Python language host, embedded provider, environment."""

import importlib.metadata
import os
import re
import secrets
import shlex
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from infra.local import files
from infra.local.gobuild import GoProgram, build_from_modules
from infra.local.progress import Say, run
from infra.local.releases import CONNECT_TIMEOUT_S
from infra.local.sources import (
    Program,
    Source,
    SourceError,
    check_runs,
    obtain,
    on_path,
)

RELEASE_ADDRESS = "https://get.pulumi.com/"
RELEASE_TIMEOUT_S = 900.0
LANGUAGE_HOST = "pulumi-language-python"
DYNAMIC_PROVIDER = "pulumi-resource-pulumi-python"
ACCEPTED = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)")


def install_engine(local_dir: Path, checkout: Path, say: Say) -> None:
    """Make the literal `pulumi` commands of stack `local` work; does nothing twice.

    Parameters
    ----------
    local_dir
        The `.local` folder of the checkout.
    checkout
        Root of the repository, with its `.venv`.
    say
        Tells people about one step.

    Raises
    ------
    UserError
        No source has the Pulumi CLI; each is named with its reason.
    """
    folders = (local_dir / "bin", local_dir / "state", local_dir / "pulumi-home" / "plugins")
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    link_engine(find_engine(local_dir, say), local_dir / "bin", checkout)
    link_providers(local_dir, checkout)
    write_environment(local_dir)


def wanted_version() -> str:
    """Return the CLI's version: the one that the installed SDK was released with."""
    return importlib.metadata.version("pulumi")


def find_engine(local_dir: Path, say: Say) -> Path:
    """Return a Pulumi CLI: the user's own, else a cached, downloaded or built one.

    Parameters
    ----------
    local_dir
        The `.local` folder, whose own link does not count as the user's.
    say
        Tells people about one step.

    Raises
    ------
    UserError
        No source has it.
    """
    wanted = wanted_version()
    refusals = []
    for found in on_path(["pulumi"], local_dir):
        try:
            version = check_runs(found, ("version",)).strip().splitlines()[-1]
        except (SourceError, IndexError) as error:
            refusals.append(f"{found}: {error}")
            continue
        if is_compatible(version, wanted):
            return found
        refusals.append(f"{found} is {version}, needed is {wanted} or a later {wanted[0]}.x")
    program = Program(
        name=f"Pulumi CLI {wanted}",
        key=f"pulumi-{wanted}",
        binary="bin/pulumi",
        remedy=f"Install Pulumi {wanted} or newer so that `pulumi` is on PATH, or open the network"
        " to one of these; then run `make up` again.",
        version_arguments=("version",),
    )

    sources = [
        Source(f"the official release ({RELEASE_ADDRESS})", _install_release),
        Source("a build from Go modules", lambda t: build_from_modules(_modules(wanted), t, say)),
    ]
    tried = ["PATH: " + ("; ".join(refusals) or "there is no pulumi")]
    return obtain(program, sources, say, tried) / program.binary


def _modules(version: str) -> GoProgram:
    return GoProgram(
        name="the Pulumi CLI",
        module="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        version=version,
        version_variable="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
        binary="bin/pulumi",
        minutes=4,
    )


def is_compatible(found: str, wanted: str) -> bool:
    """Tell whether a CLI can run programs of an SDK.

    Pulumi's own rule (`pulumi.automation`): the same major version, and no older than the SDK,
    because a new engine serves old SDKs and an old engine lacks what a new SDK asks for.
    """
    versions = [ACCEPTED.match(text) for text in (found, wanted)]
    if not all(versions):
        return False
    have, need = (tuple(map(int, v.groups())) for v in versions if v)
    return have[0] == need[0] and have >= need


def _install_release(target: Path) -> None:
    try:
        with urllib.request.urlopen(RELEASE_ADDRESS, timeout=CONNECT_TIMEOUT_S):
            pass
    except urllib.error.HTTPError as error:
        error.close()  # It answers, which is all that was asked.
    except OSError as error:
        raise SourceError(str(error)) from error
    # The installer knows no timeouts: a process of its own can be ended.
    program = "import sys; from pulumi.automation import PulumiCommand as P; P.install(sys.argv[1])"
    done = run(
        [sys.executable, "-c", program, str(target)],
        timeout_s=RELEASE_TIMEOUT_S,
        ticking="downloading the Pulumi CLI",
    )
    if done.status:
        raise SourceError(done.end)


def link_engine(cli: Path, bin_dir: Path, checkout: Path) -> None:
    """Make `.local/bin/pulumi`, with a Python language host that the engine finds beside it.

    Parameters
    ----------
    cli
        The CLI that was found.
    bin_dir
        The `.local/bin` folder.
    checkout
        Root of the repository.
    """
    link = bin_dir / "pulumi"
    if (cli.resolve().parent / LANGUAGE_HOST).exists():
        # The engine looks beside the file that a link leads to, and finds its own plugins there.
        for name in (LANGUAGE_HOST, DYNAMIC_PROVIDER):
            (bin_dir / name).unlink(missing_ok=True)
        files.link(link, cli)
        return
    if not _is_same(link, cli):
        files.replace(link, lambda new: _place(cli, new))
    python, path = checkout / ".venv" / "bin" / "python", {"PYTHONPATH": checkout}
    # -P: a folder of the program's that is called `infra` must not shadow this one.
    files.write_script(
        bin_dir / LANGUAGE_HOST, path, [python, "-P", "-u", "-m", "infra.local.language_host"]
    )
    dynamic: list[Path | str] = [python, "-u", "-m", "infra.local.orphans", "pulumi.dynamic"]
    files.write_script(bin_dir / DYNAMIC_PROVIDER, path, dynamic)


def _is_same(link: Path, cli: Path) -> bool:
    if link.is_symlink() or not link.exists():
        return False
    have, want = link.stat(), cli.stat()
    return have.st_ino == want.st_ino or (
        have.st_size == want.st_size and have.st_mtime_ns == want.st_mtime_ns
    )


def _place(cli: Path, new: Path) -> None:
    # A real file, not a symbolic link: the engine looks for plugins beside the file that runs.
    try:
        os.link(cli.resolve(), new)
    except OSError:
        shutil.copy2(cli, new)


PROVIDERS = {"aws": "infra.local.provider", "docker-build": "infra.local.image_builder"}
"""The embedded providers: package and the module that serves it."""


def link_providers(local_dir: Path, checkout: Path, *, machines: bool = True) -> None:
    """Install the embedded providers under the versions that the program asks for.

    Parameters
    ----------
    local_dir
        The `.local` folder.
    checkout
        Root of the repository, with its `.venv`.
    machines
        Whether this machine plays the hosts; without, instances exist in the emulator alone.
    """
    played = {"PULUMI_MLOPS_LOCAL_DIR": local_dir} if machines else {}
    python = checkout / ".venv" / "bin" / "python"
    for package, module in PROVIDERS.items():
        version = importlib.metadata.version(f"pulumi-{package}")
        plugin = local_dir / "pulumi-home" / "plugins" / f"resource-{package}-v{version}"
        plugin.mkdir(parents=True, exist_ok=True)
        files.write_script(
            plugin / f"pulumi-resource-{package}",
            {"PYTHONPATH": checkout, **played},
            [python, "-P", "-m", "infra.local.orphans", module],
        )


def write_environment(local_dir: Path) -> None:
    """Write `.local/env`, which `source .local/env` reads in sh, bash and zsh.

    Parameters
    ----------
    local_dir
        The `.local` folder; its passphrase is generated here once.
    """
    passphrase = local_dir / "passphrase"
    if not passphrase.exists() or not passphrase.read_text().strip():
        files.write(passphrase, secrets.token_urlsafe(32) + "\n", 0o600)
    bin_dir = shlex.quote(str(local_dir / "bin"))
    variables = {
        "PULUMI_HOME": local_dir / "pulumi-home",
        "PULUMI_BACKEND_URL": (local_dir / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": passphrase,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    lines = [
        "# Written by `make up`: literal `pulumi` commands for stack `local` in this shell.",
        # A second `source` adds nothing.
        f'case ":$PATH:" in *:{bin_dir}:*) ;; *) PATH={bin_dir}:"$PATH" ;; esac',
        "export PATH",
        *(f"export {name}={shlex.quote(str(value))}" for name, value in variables.items()),
        # They would win over the file and over the selected stack.
        "unset PULUMI_CONFIG_PASSPHRASE PULUMI_STACK",
        # All of stack local is on loopback, which a company's HTTP proxy must not see.
        'case "$no_proxy" in *127.0.0.1*) ;; *) no_proxy="127.0.0.1,localhost,$no_proxy" ;; esac',
        'NO_PROXY="$no_proxy"',
        "export no_proxy NO_PROXY",
    ]
    files.write(local_dir / "env", "\n".join(lines) + "\n", 0o644)
