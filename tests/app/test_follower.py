"""Following the registry: when a served model changes, and when it must not."""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.bell import Bell
from app.champions import MEMORY_PER_FILE_BYTE, DoesNotFitError, Loaded
from app.follower import Follower, UnknownModelError
from app.model import UnusableModelError
from app.registry import ModelVersion, NoChampionError
from app.rest import RegistryError
from app.schema import Column, Schema
from tests.app.fakes import MODEL

HOUSES = "california-housing"
MB = 1_000_000


def version(number: str, name: str = HOUSES) -> ModelVersion:
    return ModelVersion(name, number, f"run{number}", "mlflow-artifacts:/1")


def columns_of(name: str) -> Schema:
    return Schema((Column(f"column of {name}", 0.0, 1.0, "m"),), "EUR", (0.5,))


@dataclass
class FakeSource:
    """A registry whose aliases the test moves; what it serves takes 3 MB unless it says more."""

    now: dict[str, ModelVersion] | RegistryError = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)
    out_of_reach: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    on_disk: dict[str, ModelVersion] = field(default_factory=dict)
    before: ModelVersion | RegistryError = NoChampionError("no version carries the alias previous")  # noqa: RUF009
    loaded: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    staying: frozenset[str] = frozenset()
    while_loading: Callable[[], object] = field(default=lambda: None)

    def move(self, *numbers: str) -> None:
        """Let the aliases name these: `2` is the houses' version 2, `b/1` model b's version 1."""
        named = [number.rpartition("/") for number in numbers]
        self.now = {name or HOUSES: version(number, name or HOUSES) for name, _, number in named}

    def current(self) -> dict[str, ModelVersion]:
        if isinstance(self.now, RegistryError):
            raise self.now
        return self.now

    def last(self) -> dict[str, ModelVersion]:
        return self.on_disk

    def load(self, wanted: ModelVersion, room_bytes: int) -> Loaded:
        called = wanted.version if wanted.name == HOUSES else f"{wanted.name}/{wanted.version}"
        self.loaded.append(called)
        self.while_loading()
        if called in self.out_of_reach:
            message = f"the files of {called} are not reachable"
            raise RegistryError(message)
        if called in self.unusable:
            message = f"version {called} cannot be served"
            raise UnusableModelError(message)
        size = self.sizes.get(called, 1 * MB)
        if 3 * size > room_bytes:
            message = f"version {called} does not fit into {room_bytes // MB} MB"
            raise DoesNotFitError(message)
        schema = MODEL.schema if wanted.name == HOUSES else columns_of(wanted.name)
        named = {"name": wanted.name, "version": wanted.version, "run_id": wanted.run_id}
        files = {"model": bytes(3 * size // MEMORY_PER_FILE_BYTE)}
        return Loaded(replace(MODEL, **named, schema=schema), files)

    def keep(self, wanted: ModelVersion, loaded: Loaded) -> None:
        assert loaded.model.version == wanted.version
        self.kept.append(wanted.version)

    def keep_only(self, names: Collection[str]) -> None:
        self.staying = frozenset(names)

    def previous(self, _name: str) -> ModelVersion:
        if isinstance(self.before, RegistryError):
            raise self.before
        return self.before

    def promote(self, wanted: ModelVersion) -> str | None:
        current = self.current()
        replaced = current[wanted.name].version
        self.now = {**current, wanted.name: wanted}
        return replaced


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def following(source, tmp_path) -> Follower:
    return made(source, tmp_path)


def made(source: FakeSource, folder: Path, budget_mb: int = 100, **options) -> Follower:
    return Follower(source, HOUSES, budget_mb * MB, Bell(folder / "bell"), **options)


def served(following: Follower) -> dict[str, str]:
    return {one.name: one.model.version for one in following.followed if one.model}


def test_first_champion_is_picked_up(source, tmp_path):
    """Without a champion there is a problem and no model; once there is one it is served."""
    told = []
    following = made(source, tmp_path, on_change=told.append)
    assert following.problem == "the model is being loaded"
    following.step()
    assert following.default is None
    assert "no version of california-housing" in following.problem
    source.move("1")
    assert following.step()
    assert (following.default.version, following.problem) == ("1", None)
    assert [[model.version for model in models] for models in told] == [["1"]]
    assert source.kept == ["1"]


def test_moved_alias_is_followed_and_loaded_once(source, following):
    """A moved alias changes the model; an unmoved one fetches nothing."""
    changes = []
    for number in ("1", "1", "2", "2", "1"):
        source.move(number)
        changes.append(following.step())
        assert following.default.version == number
    assert source.loaded == ["1", "2", "1"]
    assert changes == [True, False, True, False, True]


def test_registry_down_keeps_the_last_good_models(source, following):
    """While the registry is away the models stay, with the reason; it clears afterwards."""
    source.move("1", "b/1")
    following.step()
    source.now = RegistryError("not reachable")
    assert not following.step()
    assert served(following) == {HOUSES: "1", "b": "1"}
    assert following.problem == "not reachable"
    assert all(one.stale for one in following.followed)
    source.move("1", "b/1")
    following.step()
    assert following.problem is None
    assert not any(one.stale for one in following.followed)


def test_start_without_a_registry_serves_what_is_on_disk(source, following):
    """At a start with the registry down, what was served before is served, and says so."""
    source.now = RegistryError("not reachable")
    source.on_disk = {"b": version("3", "b"), HOUSES: version("4")}
    following.step()
    following.step()
    assert served(following) == {HOUSES: "4", "b": "3"}
    assert source.loaded == ["4", "b/3"]
    assert following.followed[0].stale
    source.move("5", "b/3")
    following.step()
    assert served(following) == {HOUSES: "5", "b": "3"}
    assert following.problem is None
    assert source.loaded == ["4", "b/3", "5"]


def test_unusable_version_is_refused_once_and_the_old_stays(source, following):
    """A version that fails its check is not served, not fetched again, and the problem is kept."""
    source.move("1", "b/1")
    following.step()
    source.unusable = {"2"}
    source.move("2", "b/2")
    following.step()
    source.now, moved = RegistryError("not reachable"), source.now
    following.step()
    source.now = moved
    following.step()
    assert served(following) == {HOUSES: "1", "b": "2"}
    assert following.problem == "version 2 cannot be served"
    assert source.loaded == ["1", "b/1", "2", "b/2"]


def test_refused_version_is_tried_again_when_an_alias_is_set(source, following):
    """Whoever mended the files sets the alias again, and need not restart anything."""
    source.unusable = {"2"}
    source.move("2")
    following.step()
    source.unusable = set()
    following.step()
    assert following.default is None
    following.step(told=True)
    assert following.default.version == "2"


def test_files_out_of_reach_are_asked_for_again(source, following):
    """A version whose files cannot be fetched now is tried again by the next step."""
    source.out_of_reach = {"2"}
    source.move("1")
    following.step()
    source.move("2")
    following.step()
    assert (following.default.version, following.problem) == (
        "1",
        "the files of 2 are not reachable",
    )
    source.out_of_reach = set()
    following.step()
    assert (following.default.version, following.problem) == ("2", None)


def test_alias_that_moves_while_loading_is_followed_at_once(source, tmp_path):
    """When the alias moved during a load, the thread goes on without waiting for the next poll."""
    source.move("1")
    source.while_loading = lambda: source.move("2") if source.loaded == ["1"] else None
    following = made(source, tmp_path)
    following.start(poll_s=60.0)
    wait_until(lambda: served(following) == {HOUSES: "2"})
    following.stop()
    assert source.loaded == ["1", "2"]


def test_deleted_alias_retires_a_model_but_never_the_default(source, following):
    """A model without the alias is served no more; the default stays as the last good one."""
    source.move("1", "b/1")
    following.step()
    assert source.staying == {HOUSES, "b"}
    source.move()
    following.step()
    assert served(following) == {HOUSES: "1"}
    assert "no version of california-housing" in following.problem
    assert source.staying == {HOUSES}


def test_model_made_anew_under_its_old_number_is_another_one(source, following):
    """A version with the same number and another run is loaded."""
    source.move("1")
    following.step()
    source.now = {HOUSES: replace(version("1"), run_id="another")}
    following.step()
    assert following.default.run_id == "another"


def test_columns_find_their_model_unless_two_have_them(source, following):
    """A body's columns name the model; where two have them nothing is guessed."""
    source.move("1", "b/1", "c/1")
    following.step()
    assert following.with_columns(["column of b"]).name == "b"
    assert following.with_columns(list(reversed(MODEL.schema.names))).name == HOUSES
    assert following.with_columns(["nothing"]) is None
    assert following.named("c").name == "c"
    assert following.named("d") is None
    assert following.names == (HOUSES, "b", "c")


def test_memory_is_given_to_the_default_first(source, tmp_path):
    """What does not fit is not loaded and says why; the default goes before all others."""
    following = made(source, tmp_path, budget_mb=10)
    source.sizes = {"1": 2 * MB}
    source.move("a/1", "b/1", "1")
    following.step()
    following.step()
    assert served(following) == {HOUSES: "1", "a": "1"}
    assert [one.name for one in following.followed] == [HOUSES, "a", "b"]
    assert following.followed[2].problem == "version b/1 does not fit into 1 MB"
    assert source.loaded == ["1", "a/1", "b/1"]
    assert round(sum(one.memory_bytes for one in following.followed) / MB) == 9


def test_grown_default_takes_the_memory_of_others_until_it_shrinks(source, tmp_path):
    """A larger default displaces what no longer fits, which comes back when there is room."""
    following = made(source, tmp_path, budget_mb=10)
    source.sizes = {"2": 3 * MB}
    for number, expected in (
        ("1", {HOUSES: "1", "a": "1", "b": "1"}),
        ("2", {HOUSES: "2"}),
        ("3", {HOUSES: "3", "a": "1", "b": "1"}),
    ):
        source.move(number, "a/1", "b/1")
        following.step()
        assert served(following) == expected


def test_too_large_version_leaves_the_old_one(source, tmp_path):
    """A new version that does not fit is refused, and the old one answers on."""
    following = made(source, tmp_path, budget_mb=10)
    source.sizes = {"2": 4 * MB}
    source.move("1")
    following.step()
    source.move("2")
    following.step()
    assert served(following) == {HOUSES: "1"}
    assert following.problem == "version 2 does not fit into 10 MB"


def test_back_serves_the_previous_version_at_once(source, following):
    """One call moves the alias to the previous version, and this worker serves it."""
    source.move("2")
    following.step()
    source.before = version("1")
    went = following.back(HOUSES)
    assert (went.model.version, went.replaced) == ("1", "2")
    assert following.default.version == source.now[HOUSES].version == "1"


@pytest.mark.parametrize(
    ("name", "before", "error"),
    [
        ("unheard of", version("1"), UnknownModelError),
        (HOUSES, NoChampionError("none"), NoChampionError),
        (HOUSES, RegistryError("down"), RegistryError),
        (HOUSES, version("9"), UnusableModelError),
    ],
)
def test_back_that_fails_moves_nothing(name, before, error, source, following):
    """Without a previous version that can be served, alias and served model stay."""
    source.unusable = {"9"}
    source.move("2")
    following.step()
    source.before = before
    with pytest.raises(error):
        following.back(name)
    assert following.default.version == source.now[HOUSES].version == "2"


def test_requests_see_the_old_model_or_the_new_one(source, tmp_path):
    """While models are replaced, every look finds a model, and never an older one than before."""
    source.move("0", "b/0")
    following = made(source, tmp_path)
    following.step()
    seen: list[int] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            seen.append(int(following.named(HOUSES).version))
            assert following.with_columns(["column of b"]) is not None

    asking = threading.Thread(target=ask)
    asking.start()
    for number in range(1, 50):
        source.move(str(number), f"b/{number}")
        following.step()
        count = len(seen)
        wait_until(lambda count=count: len(seen) > count)
    ended.set()
    asking.join()
    assert seen == sorted(seen)
    assert len(set(seen)) > 20


def test_thread_outlives_what_nobody_thought_of(source, tmp_path):
    """An unexpected fault is a problem that is told; the next step is taken all the same."""
    source.now = 3
    following = made(source, tmp_path)
    following.start(poll_s=0.05)
    wait_until(lambda: following.problem == "following the registry failed: AttributeError")
    source.move("1")
    wait_until(lambda: following.problem is None)
    following.stop()


def wait_until(holds: Callable[[], bool], patience_s: float = 10.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
