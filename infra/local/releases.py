"""Official releases from the network: bounded in time, compared with the release's checksums."""

import platform
import shutil
import tempfile
import urllib.request
from pathlib import Path

from infra.local.progress import run
from infra.local.sources import SourceError, digest

CONNECT_TIMEOUT_S = 10.0
DOWNLOAD_TIMEOUT_S = 900.0


def go_architecture() -> str:
    """Return this machine's architecture in the words of Go releases.

    Raises
    ------
    SourceError
        The releases know no such machine.
    """
    known = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    machine = platform.machine().lower()
    if machine not in known:
        message = f"there are no releases for {machine} machines"
        raise SourceError(message)
    return known[machine]


def read_url(url: str) -> str:
    """Return a small text from the network.

    Raises
    ------
    SourceError
        The network does not deliver it.
    """
    try:
        with urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as response:  # noqa: S310
            text: bytes = response.read(1_000_000)
            return text.decode()
    except (OSError, ValueError) as error:
        message = f"{url}: {error}"
        raise SourceError(message) from error


def unpack_release(url: str, sums_url: str, target: Path) -> None:
    """Download a release's tarball, compare it with the release's checksums, and unpack it.

    Parameters
    ----------
    url
        Address of the tarball.
    sums_url
        Address of its checksums: lines of a digest and a file name, or the digest alone.
    target
        Empty folder; the tarball's single top folder is left out.

    Raises
    ------
    SourceError
        The network does not deliver, or what it delivers is not what was released.
    """
    # The checksums come first: a network that refuses is known after a few bytes.
    expected = expected_digest(read_url(sums_url), url.rsplit("/", 1)[-1])
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        tarball = Path(scratch) / "release.tar.gz"
        _download(url, tarball)
        found = digest(tarball)
        if found != expected:
            message = f"{url} has checksum {found}, the release says {expected}"
            raise SourceError(message)
        unpacked = run(
            ["tar", "--no-same-owner", "--strip-components=1", "-xzf", str(tarball)],
            cwd=target,
            timeout_s=DOWNLOAD_TIMEOUT_S,
        )
        if unpacked.status:
            message = f"{url} is no tarball: {unpacked.end}"
            raise SourceError(message)


def expected_digest(sums: str, name: str) -> str:
    """Find a file's digest in a release's checksums.

    Raises
    ------
    SourceError
        The file is not listed.
    """
    for line in sums.splitlines():
        words = line.split()
        if len(words) == 1 or (words and words[-1].lstrip("*") == name):
            return words[0].lower()
    message = f"the release's checksums do not list {name}"
    raise SourceError(message)


def _download(url: str, target: Path) -> None:
    # curl draws its own bar and bounds a transfer that only trickles; it is on most machines.
    if shutil.which("curl"):
        bounds = ["--connect-timeout", f"{CONNECT_TIMEOUT_S:.0f}", "--max-time"]
        done = run(
            ["curl", "-fsSL", *bounds, f"{DOWNLOAD_TIMEOUT_S:.0f}", "-o", str(target), url],
            timeout_s=DOWNLOAD_TIMEOUT_S,
            ticking=f"downloading {url.rsplit('/', 1)[-1]}",
        )
        if done.status:
            message = f"{url}: {done.end}"
            raise SourceError(message)
        return
    try:
        with (
            urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as response,  # noqa: S310
            target.open("wb") as out,
        ):
            shutil.copyfileobj(response, out)
    except OSError as error:
        message = f"{url}: {error}"
        raise SourceError(message) from error
