"""Puts Prometheus, its companions and Grafana into `.local/bin`, without Docker and root."""

import platform
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.errors import UserError
from infra.local import files
from infra.local.gobuild import GoProgram, build_from_modules
from infra.local.install import cache_folder
from infra.local.progress import Say, run
from infra.local.releases import go_architecture, unpack_release
from infra.local.sources import (
    Program,
    Source,
    SourceError,
    check_runs,
    obtain,
    on_path,
)

REQUIRED = (
    # Name of the release, names of the program (Debian's package and program last), version.
    ("prometheus", ("prometheus",), "3.5.0"),
    ("alertmanager", ("alertmanager", "prometheus-alertmanager"), "0.28.1"),
    ("node_exporter", ("node_exporter", "prometheus-node-exporter"), "1.9.1"),
)
ALERTMANAGER = GoProgram(
    name="Alertmanager",
    module="github.com/prometheus/alertmanager/cmd/alertmanager",
    version="0.28.1",
    version_variable="github.com/prometheus/common/version.Version",
    binary="alertmanager",
    minutes=1,
)
"""Debian's package unpacked is of no use: its program looks for its templates below /usr."""
GRAFANA = "12.1.0"
GRAFANA_HOMES = (Path("/usr/share/grafana"), Path("/usr/local/share/grafana"))
APT_TIMEOUT_S = 120.0
# A mirror that does not answer must not hold everything up.
APT_BOUNDS = ("-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=1")


@dataclass(frozen=True)
class Origins:
    """Where releases are published."""

    prometheus: str = "https://github.com/prometheus"
    grafana: str = "https://dl.grafana.com/oss/release"


def install_binaries(local_dir: Path, say: Say, origins: Origins | None = None) -> list[str]:
    """Link the programs of stack `local` that no Python package brings; does nothing twice.

    Parameters
    ----------
    local_dir
        The `.local` folder of the checkout.
    say
        Tells people about one step.
    origins
        Where releases are published; a mirror of one's own, for instance.

    Returns
    -------
    list of str
        Sentences about optional programs that are missing and how to add them.

    Raises
    ------
    UserError
        No source has one of Prometheus's programs; each is named with its reason.
    """
    bin_dir = local_dir / "bin"
    bin_dir.mkdir(parents=True, exist_ok=True)
    origins = origins or Origins()
    debian = DebianPackages()
    for name, names, version in REQUIRED:
        program = Program(
            name=name,
            key=f"{name}-{version}",
            binary=name,
            remedy=f"Install it so that one of {', '.join(names)} is on PATH (Debian, Ubuntu: "
            f"`sudo apt-get install {names[-1]}`), then run `make up` again.",
        )
        second = (
            _go_modules(ALERTMANAGER, say)
            if name == ALERTMANAGER.binary
            else _debian_package(program, names[-1], debian)
        )
        sources = [_release(program, version, origins), second]
        files.link(bin_dir / name, _required(program, names, sources, local_dir, say))
    return _grafana(local_dir, origins.grafana, say)


def _required(
    program: Program,
    names: tuple[str, ...],
    sources: list[Source],
    local_dir: Path,
    say: Say,
) -> Path:
    for found in on_path(names, local_dir):
        if _runs(found):
            return found
    return obtain(program, sources, say, [_not_on_path(names)]) / program.binary


def _runs(found: Path) -> bool:
    try:
        check_runs(found)
    except SourceError:
        return False
    return True


def _not_on_path(names: tuple[str, ...]) -> str:
    return f"PATH: no {' or '.join(names)} that runs"


def _release(program: Program, version: str, origins: Origins) -> Source:
    def fetch(target: Path) -> None:
        folder = f"{origins.prometheus}/{program.name}/releases/download/v{version}"
        tarball = f"{program.name}-{version}.linux-{go_architecture()}.tar.gz"
        unpack_release(f"{folder}/{tarball}", f"{folder}/sha256sums.txt", target)

    return Source(f"the official release {version}", fetch)


def _go_modules(program: GoProgram, say: Say) -> Source:
    return Source("a build from Go modules", lambda t: build_from_modules(program, t, say))


def _debian_package(program: Program, package: str, debian: "DebianPackages") -> Source:
    return Source(
        f"the Debian package {package}",
        lambda target: debian.fetch(package, program.binary, target),
    )


@dataclass(frozen=True)
class DebianPackages:
    """Debian's packages, fetched by apt and unpacked without root.

    Attributes
    ----------
    options
        apt options that every call gets.
    """

    options: tuple[str, ...] = APT_BOUNDS

    def fetch(self, package: str, name: str, target: Path, program: str = "") -> None:
        """Put the program of a package into a folder.

        Parameters
        ----------
        package
            Name of the Debian package.
        name
            What the program is to be called.
        target
            Folder to fill.
        program
            The package's program, where that has another name than the package.

        Raises
        ------
        SourceError
            There is no apt here, or it can't have the package.
        """
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            message = f"this is no Debian or Ubuntu ({platform.platform()})"
            raise SourceError(message)
        with tempfile.TemporaryDirectory(dir=target.parent) as made:
            scratch = Path(made)
            done = self._apt(scratch, "download", package)
            if done:
                done = self._with_own_lists(scratch, package)
            if done:
                raise SourceError(done)
            (archive,) = scratch.glob("*.deb")
            unpacked = run(
                ["dpkg", "-x", str(archive), str(scratch / "tree")], timeout_s=APT_TIMEOUT_S
            )
            found = scratch / "tree" / "usr" / "bin" / (program or package)
            if unpacked.status or not found.exists():
                message = f"{archive.name} can't be used: {unpacked.end}"
                raise SourceError(message)
            shutil.copy2(found, target / name)

    def _with_own_lists(self, scratch: Path, package: str) -> str:
        """Keep package lists of our own: the machine's are empty, old or not readable."""
        lists = cache_folder() / "apt"
        (lists / "state" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (lists / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        own = [
            *("-o", f"Dir::State={lists / 'state'}", "-o", f"Dir::Cache={lists / 'cache'}"),
            *("-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "Debug::NoLocking=1"),
            # root's apt would hand the work to a user who may not write here.
            *("-o", "APT::Sandbox::User="),
        ]
        if not self._apt(scratch, *own, "download", package):
            return ""
        return self._apt(scratch, *own, "update") or self._apt(scratch, *own, "download", package)

    def _apt(self, scratch: Path, *arguments: str) -> str:
        done = run(
            ["apt-get", "-qq", *self.options, *arguments],
            cwd=scratch,
            timeout_s=APT_TIMEOUT_S,
            ticking=f"apt-get {arguments[-1]}",
        )
        return done.end if done.status else ""


def _grafana(local_dir: Path, origin: str, say: Say) -> list[str]:
    script = local_dir / "bin" / "grafana"
    program = Program(
        name="Grafana",
        key=f"grafana-{GRAFANA}",
        binary="bin/grafana",
        remedy="",
    )
    names = ("grafana", "grafana-server")
    folder = f"{origin}/grafana-{GRAFANA}.linux"
    sources = [Source(f"the official release {GRAFANA}", lambda t: _grafana_release(folder, t))]
    try:
        home = _grafana_home(local_dir) or obtain(program, sources, say, [_not_on_path(names)])
    except UserError as error:
        script.unlink(missing_ok=True)
        note = (
            f"{str(error).strip()}\nEverything else works without it. To add it, install Grafana so"
            " that `grafana` is on PATH, or open the network to its release; then `make up`."
        )
        return [note]
    binary, option = shlex.quote(str(home / "bin" / "grafana")), shlex.quote(f"--homepath={home}")
    # Only its `server` takes the option that says where its pages and defaults are.
    text = f"""#!/bin/sh
if [ "$1" = server ]; then
    shift
    exec {binary} server {option} "$@"
fi
exec {binary} "$@"
"""
    files.write(script, text, 0o755)
    return []


def _grafana_release(folder: str, target: Path) -> None:
    tarball = f"{folder}-{go_architecture()}.tar.gz"
    unpack_release(tarball, f"{tarball}.sha256", target)


def _grafana_home(local_dir: Path) -> Path | None:
    """Return the home of an installed Grafana: the folder with its `conf` and `public`."""
    for found in on_path(("grafana", "grafana-server"), local_dir):
        for home in (found.resolve().parent.parent, *GRAFANA_HOMES):
            if (home / "conf" / "defaults.ini").exists() and (home / "bin" / "grafana").exists():
                return home
    return None
