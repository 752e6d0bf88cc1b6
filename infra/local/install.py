"""Makes `.venv`: all Python packages of requirements.txt, each compared with its hash.

`python3 infra/local/install.py [--dev]` runs before anything is installed, so it uses the standard
library alone, and stays readable for a Python that is too old, to be able to say so.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PYTHON_NEEDED = (3, 11)
UV_NEEDED = (0, 5)
UV_VERSION = "0.13.8"
UV_REQUIREMENT = f"""uv=={UV_VERSION} \\
    --hash=sha256:e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984 \\
    --hash=sha256:0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d \\
    --hash=sha256:5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203
"""
"""The wheels for Linux on x86_64 and on arm64."""
PRODUCT = "requirements.txt"
DEV = "requirements-dev.txt"
STAMP = "installed.json"


class InstallError(Exception):
    """Why the environment can't be made, and what to do."""


def main(arguments: list[str]) -> int:
    """Install what is missing and return the exit status."""
    parser = argparse.ArgumentParser(description="Make .venv from the locked requirements.")
    parser.add_argument("--dev", action="store_true", help="with the tools of development")
    chosen = parser.parse_args(arguments)
    checkout = Path(__file__).resolve().parents[2]
    try:
        install(checkout, DEV if chosen.dev else PRODUCT)
    except InstallError as error:
        sys.stderr.write(f"\nerror: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: the next run continues from here\n")
        return 130
    return 0


def install(checkout: Path, wanted: str) -> None:
    """Bring `.venv` to what a requirements file says; a matching one is left alone.

    Parameters
    ----------
    checkout
        Root of the repository.
    wanted
        The requirements file: the product's, or development's, which contains it.

    Raises
    ------
    InstallError
        This Python is too old, or the packages can't be had.
    """
    if sys.version_info < PYTHON_NEEDED:
        found = ".".join(map(str, sys.version_info[:3]))
        message = (
            f"Python {found} ({sys.executable}) is too old: 3.11 or newer is needed. "
            "`make PYTHON=/path/to/python3.11 ...` names another one."
        )
        raise InstallError(message)
    if is_installed(checkout, wanted):
        return
    with alone(checkout):
        if is_installed(checkout, wanted):
            return
        _install(checkout, wanted)


def _install(checkout: Path, wanted: str) -> None:
    venv = checkout / ".venv"
    python = venv / "bin" / "python"
    # Development's tools stay in an environment that has them.
    before = read_stamp(venv)
    chosen = DEV if DEV in before else wanted
    # Its scripts name the folder that they were made for: a moved checkout needs new ones.
    is_moved = before.get("folder", str(venv)) != str(venv)
    uv = obtain_uv(cache_folder())
    (venv / STAMP).unlink(missing_ok=True)
    if is_moved or not is_usable(python):
        say(f"making .venv with Python {_running()}")
        if venv.exists():
            shutil.rmtree(venv)
        _run([uv, "venv", "--quiet", "--python", Path(sys.executable), venv], "the environment")
    say(f"installing {chosen} into .venv")
    # On a terminal uv draws its bars; a log has no use for them.
    quiet = () if sys.stderr.isatty() else ("--quiet",)
    options = ("--require-hashes", "--link-mode", _link_mode(checkout), *quiet, "--python")
    _run([uv, "pip", "sync", *options, python, checkout / chosen], f"the packages of {chosen}")
    stamp = {name: digest(checkout / name) for name in (PRODUCT, chosen)}
    (venv / STAMP).write_text(json.dumps({"folder": str(venv), **stamp}))


def is_installed(checkout: Path, wanted: str) -> bool:
    """Tell whether `.venv` is what a requirements file says, without any network."""
    venv = checkout / ".venv"
    stamp = read_stamp(venv)
    is_current = stamp.get(wanted) == digest(checkout / wanted)
    return is_current and stamp.get("folder") == str(venv) and is_usable(venv / "bin" / "python")


def is_usable(python: Path) -> bool:
    """Tell whether an environment's Python runs and is of the version that runs this."""
    if not python.exists():
        return False
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [str(python), "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() == _running()


def _running() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def read_stamp(venv: Path) -> dict[str, str]:
    """Return the digests of the requirements files that an environment was made from."""
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    InstallError
        There is no such file.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        message = f"{path} can't be read ({error.strerror}): is the clone complete?"
        raise InstallError(message) from error


def cache_folder() -> Path:
    """Return the folder of downloaded programs, shared by all checkouts."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pulumi-mlops"


def obtain_uv(cache: Path) -> Path:
    """Return uv: the user's own, else a pinned one put into the cache folder.

    Parameters
    ----------
    cache
        Folder of downloaded programs.

    Raises
    ------
    InstallError
        No way of getting it works; each is named with its reason.
    """
    own = shutil.which("uv")
    if own and _is_new_enough(Path(own)):
        return Path(own)
    home = cache / f"uv-{UV_VERSION}"
    uv = home / "bin" / "uv"
    if uv.exists() and _is_new_enough(uv):
        return uv
    say(f"fetching uv {UV_VERSION} (it installs the Python packages)")
    cache.mkdir(parents=True, exist_ok=True)
    failures = [f"uv on PATH: {'older than 0.5' if own else 'there is none'}"]
    with tempfile.TemporaryDirectory(dir=cache, prefix="uv.new-") as made:
        requirement = Path(made) / "uv.txt"
        requirement.write_text(UV_REQUIREMENT)
        for name, fetch in (("python3 -m venv", _by_venv), ("python3 -m pip", _by_pip)):
            fresh = Path(made) / name.rsplit(maxsplit=1)[-1]
            failure = fetch(fresh, requirement)
            if not failure and _is_new_enough(fresh / "bin" / "uv"):
                shutil.rmtree(home, ignore_errors=True)
                fresh.rename(home)
                return uv
            failures.append(f"{name}: {failure or 'the uv that came does not run'}")
    listed = "".join(f"\n  - {failure}" for failure in failures)
    message = (
        f"uv, which installs the Python packages, can't be had:{listed}\n"
        "On Debian and Ubuntu `sudo apt-get install python3-venv` mends the second; "
        "any uv on PATH will do as well."
    )
    raise InstallError(message)


def _is_new_enough(uv: Path) -> bool:
    try:
        said = subprocess.run([str(uv), "--version"], capture_output=True, text=True, check=False)
        version = said.stdout.split()[1].split(".")
        return (int(version[0]), int(version[1])) >= UV_NEEDED
    except (OSError, IndexError, ValueError):
        return False


def _by_venv(target: Path, requirement: Path) -> str:
    """Install uv into an environment of its own; return what went wrong."""
    made = _attempt([sys.executable, "-m", "venv", "--copies", target])
    return made or _attempt([target / "bin" / "python", *_PIP, "-r", requirement])


def _by_pip(target: Path, requirement: Path) -> str:
    """Install uv into a plain folder; return what went wrong."""
    return _attempt([sys.executable, *_PIP, "--target", target, "-r", requirement])


_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")


def _attempt(command: list[str | Path]) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return " | ".join(lines[-3:]) or f"exit status {done.returncode}"


def _run(command: list[str | Path], what: str) -> None:
    """Run uv, which draws its own bar, and name what could not be done."""
    done = subprocess.run([str(word) for word in command], env=_environment(), check=False)
    if done.returncode:
        message = (
            f"{what} could not be installed (uv's reason is above). "
            "If the network was away, run this again: what was fetched is kept."
        )
        raise InstallError(message)


def _environment() -> dict[str, str]:
    # An activated environment or a project setting must not redirect what is installed here.
    ignored = ("VIRTUAL_ENV", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON")
    return {key: value for key, value in os.environ.items() if key not in ignored}


def _link_mode(checkout: Path) -> str:
    """Share files with uv's cache where both are on one disk; uv warns when they are not."""
    cache = Path(os.environ.get("UV_CACHE_DIR") or cache_folder().parent / "uv")
    while not cache.exists():
        cache = cache.parent
    return "hardlink" if cache.stat().st_dev == checkout.stat().st_dev else "copy"


@contextlib.contextmanager
def alone(checkout: Path) -> Iterator[None]:
    """Let one process at a time change `.venv`."""
    folder = checkout / ".local"
    folder.mkdir(exist_ok=True)
    with (folder / "install.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that is installing into .venv")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell people about one step."""
    sys.stdout.write(f"» {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
