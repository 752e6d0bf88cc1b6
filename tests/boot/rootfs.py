"""Debian 13 root file systems: the machine that boots, and the images that can't be pulled here."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from infra.cloud_init import PACKAGES

SUITE = "trixie"
MACHINE = (
    # What Debian's cloud image has, as far as a container can use it, and the packages that the
    # user data asks for: it finds them installed, so that a boot takes seconds.
    *("systemd-sysv", "dbus", "udev", "kmod", "cloud-init", "ifupdown", "isc-dhcp-client"),
    *("iproute2", "iptables", "python3", "ca-certificates", "curl", "procps", "openssh-client"),
    *PACKAGES,
    # The world around it: name service and the way out through sockets.
    *("dnsmasq-base", "socat"),
)
SERVICES = (
    # One image stands for all that can't be pulled: each service's real program, by Debian.
    *(
        "ca-certificates",
        "wget",
        "python3",
        "python3-venv",
        "prometheus",
        "prometheus-alertmanager",
    ),
    *("prometheus-node-exporter", "postgresql"),
)
# Packages are downloaded by this machine's own mirror, and by nothing that the guest runs later.
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
FOREIGN = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "PYTHONDONTWRITEBYTECODE")
TIMEOUT_S = 900

Say = Callable[[str], None]


def obtain(cache: Path, name: str, packages: tuple[str, ...], say: Say) -> Path:
    """Return a root file system with these packages, made once and kept in the cache."""
    key = hashlib.sha256(" ".join((SUITE, *packages)).encode()).hexdigest()[:12]
    home = cache / f"{name}-{key}"
    if home.is_dir():
        return home
    base = _base(cache, say)
    say(f"installing {len(packages)} Debian packages for the {name} (once)")
    part = cache / f"{name}-{key}.part"
    shutil.rmtree(part, ignore_errors=True)
    _copy(base, part)
    _install(part, packages)
    part.rename(home)
    return home


def copy(root: Path, to: Path) -> None:
    """Make a copy of a root file system that may be thrown away."""
    _copy(root, to)


def _base(cache: Path, say: Say) -> Path:
    home = cache / f"base-{SUITE}"
    if home.is_dir():
        return home
    say(f"making a minimal Debian {SUITE} (once)")
    part = cache / f"base-{SUITE}.part"
    shutil.rmtree(part, ignore_errors=True)
    mirror = _mirror()
    _run(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, part, *mirror])
    part.rename(home)
    return home


def _mirror() -> list[str]:
    """Return the mirror that this machine uses; none for debootstrap's own choice."""
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for line in path.read_text().splitlines():
            if line.startswith("URIs:"):
                return [line.split()[1]]
    return []


def _install(root: Path, packages: tuple[str, ...]) -> None:
    """Install packages without starting anything.

    A package at a time by debootstrap's `--include` does not follow virtual packages.
    """
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    _run(["mount", "-t", "proc", "proc", root / "proc"])
    try:
        apt = ["chroot", root, "apt-get", "-y", "-qq", "-o", "Dpkg::Use-Pty=0"]
        _run([*apt, "update"])
        _run([*apt, "--no-install-recommends", "install", *packages])
        _run([*apt, "clean"])
    finally:
        _run(["umount", root / "proc"])
    policy.unlink()
    shutil.rmtree(root / "debootstrap", ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    _run(["cp", "-a", "--reflink=auto", source, target])


def _run(command: list[str | Path]) -> None:
    env = {k: v for k, v in os.environ.items() if k not in FOREIGN} | QUIET
    done = subprocess.run(
        [str(part) for part in command],
        env=env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        message = f"`{command[0]}` failed:\n{end}"
        raise RuntimeError(message)
