"""Releases from a server of our own: what is not what was released is refused."""

import hashlib
import tarfile

import pytest

from infra.local.releases import expected_digest, unpack_release
from infra.local.sources import SourceError


def publish(web, name="tool-1.tar.gz", sums=None):
    tree = web.folder / "tree" / "tool-1"
    tree.mkdir(parents=True)
    (tree / "tool").write_text("#!/bin/sh\necho tool 1\n")
    (tree / "tool").chmod(0o755)
    with tarfile.open(web.folder / name, "w:gz") as archive:
        archive.add(tree, "tool-1")
    digest = hashlib.sha256((web.folder / name).read_bytes()).hexdigest()
    (web.folder / "sums.txt").write_text(sums or f"{'0' * 64}  other\n{digest}  {name}\n")
    return f"{web.url}/{name}", f"{web.url}/sums.txt"


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def test_a_release_is_unpacked_without_its_top_folder(web, target):
    """The program lies where the caller expects it, and can be run."""
    unpack_release(*publish(web), target)

    assert (target / "tool").stat().st_mode & 0o111


def test_a_wrong_checksum_is_refused(web, target):
    """Neither is anything unpacked, and both checksums are named."""
    url, sums = publish(web, sums=f"{'0' * 64}  tool-1.tar.gz\n")

    with pytest.raises(SourceError, match="the release says 0000"):
        unpack_release(url, sums, target)

    assert list(target.iterdir()) == []


def test_an_unlisted_file_is_refused(web, target):
    """A release without a checksum for the file is not trusted."""
    url, sums = publish(web, sums=f"{'0' * 64}  other.tar.gz\n")

    with pytest.raises(SourceError, match=r"do not list tool-1\.tar\.gz"):
        unpack_release(url, sums, target)


def test_a_missing_tarball_names_its_address(web, target):
    """What could not be fetched is said."""
    url, sums = publish(web)
    (web.folder / "tool-1.tar.gz").unlink()

    with pytest.raises(SourceError, match=url):
        unpack_release(url, sums, target)


def test_without_curl_python_fetches(web, target, monkeypatch, tmp_path):
    """A machine without curl gets the same."""
    (tmp_path / "bin").mkdir()
    for name in ("tar", "gzip"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    unpack_release(*publish(web), target)

    assert (target / "tool").exists()


def test_a_digest_alone_counts_for_its_file():
    """Some releases publish one checksum a file, without its name."""
    assert expected_digest("ABC\n", "tool.tar.gz") == "abc"
