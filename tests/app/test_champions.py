"""Loading a version: what is checked before it may serve, and where its files come from."""

import dataclasses

import pytest

from app.cache import DiskCache
from app.champions import MEMORY_PER_FILE_BYTE, Champions, DoesNotFitError
from app.model import UnusableModelError
from app.registry import ModelVersion
from app.rest import RegistryError, TooLargeError
from tests.app.fakes import SavedModel

ROOM = 1_000_000


@dataclasses.dataclass
class FakeRegistry:
    """A registry of one version, whose files the test may damage."""

    files: dict[str, bytes] = dataclasses.field(default_factory=SavedModel().files)
    asked: list[str] = dataclasses.field(default_factory=list)
    down: bool = False

    def file(self, _version: ModelVersion, name: str, limit: int) -> bytes:
        self.asked.append(name)
        if self.down or name not in self.files:
            message = f"{name} is not reachable"
            raise RegistryError(message)
        if len(self.files[name]) > limit:
            message = f"longer than {limit}"
            raise TooLargeError(message)
        return self.files[name]


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def champions(registry, tmp_path) -> Champions:
    return Champions(registry, DiskCache(tmp_path), "champion")


def version_of(files: dict[str, bytes], number: str = "1") -> ModelVersion:
    digest = SavedModel.digest(files["MLmodel"])
    return ModelVersion("houses", number, f"run{number}", "mlflow-artifacts:/1", digest)


def test_loaded_model_predicts_and_says_its_memory(champions, registry):
    """A sound version is loaded with each file fetched once."""
    loaded = champions.load(version_of(registry.files), ROOM)
    assert loaded.model.schema.names == ("x",)
    assert loaded.files == registry.files
    assert registry.asked == ["MLmodel", "model.json"]
    assert loaded.memory_bytes == MEMORY_PER_FILE_BYTE * sum(map(len, registry.files.values()))


def changed(place: str, how: str) -> dict[str, bytes]:
    files = SavedModel().files()
    content = files[place]
    half = len(content) // 2
    files[place] = {
        "cut": content[:half],
        "empty": b"",
        "bit": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
        "longer": content + b" ",
        "another": b"\x00\xff" * 300,
    }[how]
    return files


@pytest.mark.parametrize("place", ["MLmodel", "model.json"])
@pytest.mark.parametrize("how", ["cut", "empty", "bit", "longer", "another"])
def test_file_that_is_not_as_registered_is_refused(place, how, champions, registry):
    """One bit, or half a file: the version is refused, and the message names the file."""
    version = version_of(registry.files)
    registry.files = changed(place, how)
    with pytest.raises(UnusableModelError, match=f"version 1 cannot be served: {place} is not as"):
        champions.load(version, ROOM)


@pytest.mark.parametrize("how", ["cut", "empty", "another"])
def test_damaged_file_without_hashes_is_refused_too(how, champions, registry, caplog):
    """An older version has no hashes: the log says so, and what cannot be read is refused."""
    version = dataclasses.replace(version_of(registry.files), manifest_sha256=None)
    registry.files = SavedModel(changed={"files": None}).files()
    assert champions.load(version, ROOM).model.version == "1"
    assert "houses version 1 is not compared: it was registered without hashes" in caplog.text
    for place in registry.files:
        registry.files = {**SavedModel(changed={"files": None}).files()}
        registry.files[place] = changed(place, how)[place]
        with pytest.raises(UnusableModelError, match="houses version 1 cannot be served"):
            champions.load(version, ROOM)


BOOSTER = "model.ubj"
CUT_OFF = b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{L\x00\x00\x00\x00\x00\x00\x00\natt"


@pytest.mark.parametrize("booster", [b"", b"{", b"{}", CUT_OFF, b"\x00\xff" * 300])
def test_damaged_booster_without_hashes_is_refused_too(booster, champions, registry):
    """XGBoost would abort the worker for some of these; the version is refused instead."""
    registry.files = SavedModel(changed={"files": None, "kind": "xgboost"}).files()
    registry.files[BOOSTER] = booster
    version = dataclasses.replace(version_of(registry.files), manifest_sha256=None)
    with pytest.raises(UnusableModelError, match="houses version 1 cannot be served"):
        champions.load(version, ROOM)


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        (SavedModel(changed={"files": {}}), "model.json is not as it was registered"),
        (
            SavedModel(changed={"probe": {"rows": [[1.0]], "predictions": [9.0]}}),
            r"it predicts \[2.0\] where \[9.0\] was logged",
        ),
        (SavedModel(changed={"probe": {"rows": [[1.0, 2.0]], "predictions": [2.0]}}), ""),
        (SavedModel(changed={"columns": []}), "its example has 1 values for 0 columns"),
        (SavedModel(changed={"kind": "oracle"}), "of kind 'oracle'"),
    ],
    ids=["unlisted file", "other answers", "wrong shape", "no columns", "unknown kind"],
)
def test_version_that_is_not_as_it_says_is_refused(saved, reason, champions, registry):
    """Right hashes do not make a model: it must answer its own example as it was logged."""
    registry.files = saved.files()
    with pytest.raises(UnusableModelError, match=f"cannot be served: .*{reason}"):
        champions.load(version_of(registry.files), ROOM)


@pytest.mark.parametrize("room", [0, 30, 3_000])
def test_what_does_not_fit_is_not_read_to_its_end(room, champions, registry):
    """A file beyond the room is refused with the room, and no other is asked for."""
    registry.files = SavedModel(padding=5_000).files()
    with pytest.raises(DoesNotFitError, match=r"needs more than the .* MB that are left"):
        champions.load(version_of(registry.files), room)
    assert (
        champions.load(version_of(registry.files), MEMORY_PER_FILE_BYTE * 7_000).model.version
        == "1"
    )


def test_kept_version_is_loaded_without_the_registry(champions, registry):
    """What was served once is loaded from disk, also while the registry is away."""
    version = version_of(registry.files)
    champions.keep(version, champions.load(version, ROOM))
    registry.down = True
    assert champions.last() == {"houses": version}
    assert champions.load(version, ROOM).files == registry.files
    with pytest.raises(DoesNotFitError):
        champions.load(version, 100)


def test_kept_version_is_checked_again(champions, registry, tmp_path):
    """A damaged copy on disk is not served: the version is fetched again."""
    version = version_of(registry.files)
    champions.keep(version, champions.load(version, ROOM))
    (kept,) = tmp_path.glob("*.zip")
    kept.write_bytes(kept.read_bytes()[:-50])
    registry.asked.clear()
    assert champions.load(version, ROOM).model.version == "1"
    assert registry.asked == ["MLmodel", "model.json"]


def test_unreachable_file_is_no_damaged_model(champions, registry):
    """A file that cannot be fetched may be there later: that is not the model's fault."""
    version = version_of(registry.files)
    del registry.files["model.json"]
    with pytest.raises(RegistryError, match=r"model\.json is not reachable"):
        champions.load(version, ROOM)
