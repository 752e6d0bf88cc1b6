"""The disk cache: whole versions or none, few of them, and never a fault of a request."""

import json
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.cache import DiskCache
from app.registry import ModelVersion

FILES = {"MLmodel": b"metadata: {}", "model.ubj": bytes(range(256)) * 40}


def version(number: str, name: str = "houses") -> ModelVersion:
    return ModelVersion(name, number, f"run{number}", f"mlflow-artifacts:/{number}", f"{number}ab")


@pytest.fixture
def cache(tmp_path) -> DiskCache:
    return DiskCache(tmp_path / "data" / "models")


def archives(folder: Path) -> list[str]:
    return sorted(path.name.rsplit("-", 1)[0] for path in folder.rglob("*.zip"))


def test_what_is_kept_comes_back_in_another_process(cache, tmp_path):
    """The version in force and its files are read back as they were written."""
    cache.keep(version("1"), FILES)
    again = DiskCache(tmp_path / "data" / "models")
    assert again.in_force() == {"houses": version("1")}
    assert again.files(version("1")) == FILES


def test_only_the_version_in_force_and_the_one_before_stay(cache, tmp_path):
    """Older versions leave the disk; a step back puts the earlier one in force again."""
    for number in ("1", "2", "3"):
        cache.keep(version(number), FILES | {"number": number.encode()})
    assert archives(tmp_path) == ["houses-2", "houses-3"]
    assert cache.files(version("1")) is None
    cache.keep(version("2"), FILES)
    assert cache.in_force() == {"houses": version("2")}
    assert cache.files(version("2"))["number"] == b"2"
    assert cache.files(version("3"))["number"] == b"3"


def test_models_that_are_followed_no_more_leave_the_disk(cache, tmp_path):
    """What has lost its alias is not kept."""
    cache.keep(version("1"), FILES)
    cache.keep(version("1", "a/b ü"), FILES)
    cache.keep_only({"a/b ü"})
    assert cache.in_force() == {"a/b ü": version("1", "a/b ü")}
    assert archives(tmp_path) == ["a%2Fb%20%C3%BC-1"]


def test_version_of_another_run_is_another_version(cache):
    """A number alone does not name a version: a model may have been made anew."""
    cache.keep(version("1"), FILES)
    assert cache.files(replace(version("1"), run_id="another")) is None
    assert cache.files(replace(version("1"), manifest_sha256="another")) is None


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_damaged_archive_is_not_read_and_is_written_again(damage, cache, tmp_path):
    """A file that is not as it was written is as good as not there, until it is kept anew."""
    cache.keep(version("1"), FILES)
    (archive,) = tmp_path.rglob("*.zip")
    content = archive.read_bytes()
    archive.write_bytes(
        {"flip": content[:99] + b"?" + content[100:], "cut": content[:500]}.get(damage, b"")
    )
    if damage == "gone":
        archive.unlink()
    assert cache.files(version("1")) is None
    cache.keep(version("1"), FILES)
    assert cache.files(version("1")) == FILES


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"houses": 3}', '{"houses": [{"a": 1}]}'])
def test_damaged_index_is_an_empty_one(text, cache, tmp_path):
    """An index that cannot be read keeps nobody from serving, nor from keeping the next."""
    cache.keep(version("1"), FILES)
    (tmp_path / "data" / "models" / "index.json").write_text(text)
    assert cache.in_force() == {}
    cache.keep(version("2"), FILES)
    assert cache.in_force() == {"houses": version("2")}
    assert archives(tmp_path) == ["houses-2"]


def test_half_written_files_of_a_killed_process_are_swept(cache, tmp_path):
    """What a killed writer left behind is neither read nor left."""
    folder = tmp_path / "data" / "models"
    cache.keep(version("1"), FILES)
    (folder / "killed.part").write_bytes(b"half")
    assert cache.files(version("1")) == FILES
    cache.keep(version("2"), FILES)
    assert not list(folder.glob("*.part"))


def test_folder_that_cannot_be_made_keeps_nothing(tmp_path, caplog):
    """On a read-only disk the service runs on, and the log says what is missing."""
    (tmp_path / "data").write_text("a file, where a folder should be")
    cache = DiskCache(tmp_path / "data" / "models")
    cache.keep(version("1"), FILES)
    cache.keep_only(())
    assert cache.in_force() == {}
    assert cache.files(version("1")) is None
    assert "houses version 1 is not kept" in caplog.text


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file of this process can become longer than 2,000 bytes."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_full_disk_leaves_the_older_version_in_force(cache, tmp_path, request, caplog):
    """A version that cannot be written whole is not kept, and the one before stays readable."""
    cache.keep(version("1"), FILES)
    request.getfixturevalue("full_disk")
    cache.keep(version("2"), FILES | {"more": b"more"})
    assert "houses version 2 is not kept" in caplog.text
    assert cache.in_force() == {"houses": version("1")}
    assert cache.files(version("1")) == FILES
    assert not list(tmp_path.rglob("*.part"))


def test_version_knows_since_when_it_is_in_force(tmp_path):
    """Told again, or written again, it is since the first time; after a step back since that."""
    now = [100.0]
    cache = DiskCache(tmp_path, lambda: now[0])
    cache.keep(version("1"), FILES)
    now[0] = 200.0
    cache.keep(version("1"), FILES)
    next(tmp_path.glob("*.zip")).unlink()
    cache.keep(version("1"), FILES)
    assert cache.since("houses", "1") == 100.0
    now[0] = 300.0
    cache.keep(version("2"), FILES)
    assert (cache.since("houses", "1"), cache.since("houses", "2")) == (None, 300.0)
    now[0] = 400.0
    cache.keep(version("1"), FILES)
    assert DiskCache(tmp_path).since("houses", "1") == 400.0
    assert cache.since("flats", "1") is None


def test_index_of_before_has_no_time(tmp_path):
    """What an earlier release wrote is read: since when is not known."""
    cache = DiskCache(tmp_path)
    cache.keep(version("1"), FILES)
    index = tmp_path / "index.json"
    told = json.loads(index.read_text())
    del told["houses"][0]["since"]
    index.write_text(json.dumps(told))
    assert cache.in_force() == {"houses": version("1")}
    assert cache.since("houses", "1") is None
