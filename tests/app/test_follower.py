"""Following the registry: when the served model changes, and when it must not."""

import dataclasses

from app.follower import Follower
from app.model import ServedModel, UnusableModelError
from app.registry import ModelVersion, NoChampionError, RegistryError
from tests.app.fakes import MODEL


def version(number: str) -> ModelVersion:
    return ModelVersion("california-housing", number, f"run{number}", "mlflow-artifacts:/1")


class FakeSource:
    """A registry whose alias the test moves."""

    def __init__(self) -> None:
        self.now: ModelVersion | RegistryError = NoChampionError("no champion yet")
        self.unusable: set[str] = set()
        self.loaded: list[str] = []

    def current(self) -> ModelVersion:
        if isinstance(self.now, RegistryError):
            raise self.now
        return self.now

    def load(self, wanted: ModelVersion) -> ServedModel:
        self.loaded.append(wanted.version)
        if wanted.version in self.unusable:
            message = f"version {wanted.version} cannot be served"
            raise UnusableModelError(message)
        return dataclasses.replace(MODEL, version=wanted.version, run_id=wanted.run_id)


def follower(source: FakeSource, told: list[str] | None = None) -> Follower:
    heard = [] if told is None else told
    return Follower(source, 60.0, lambda model: heard.append(model.version))


def test_first_champion_is_picked_up():
    """Without a champion there is a problem and no model; once there is one it is served."""
    source, told = FakeSource(), []
    following = follower(source, told)
    following.step()
    assert (following.default, following.problem) == (None, "no champion yet")
    source.now = version("1")
    following.step()
    assert following.default is not None
    assert (following.default.version, following.problem, told) == ("1", None, ["1"])


def test_moved_alias_is_followed_and_loaded_once():
    """A moved alias changes the model; an unmoved one fetches nothing."""
    source = FakeSource()
    following = follower(source)
    for number in ("1", "1", "2", "2", "1"):
        source.now = version(number)
        following.step()
        assert following.default is not None
        assert following.default.version == number
    assert source.loaded == ["1", "2", "1"]


def test_registry_down_keeps_the_last_good_model():
    """While the registry is away the model stays, with the reason; it clears afterwards."""
    source = FakeSource()
    source.now = version("1")
    following = follower(source)
    following.step()
    source.now = RegistryError("not reachable")
    following.step()
    assert following.default is not None
    assert following.problem == "not reachable"
    source.now = version("1")
    following.step()
    assert following.problem is None


def test_unusable_version_is_refused_once_and_the_old_stays():
    """A version that fails its check is not served, not fetched again, and the problem is kept."""
    source = FakeSource()
    source.now = version("1")
    following = follower(source)
    following.step()
    source.unusable, source.now = {"2"}, version("2")
    following.step()
    following.step()
    assert following.default is not None
    assert following.default.version == "1"
    assert following.problem == "version 2 cannot be served"
    assert source.loaded == ["1", "2"]
