"""Keeps the served models equal to what the registry's alias names."""

import logging
import operator
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Protocol

from app.bell import Bell
from app.champions import DoesNotFitError, Loaded
from app.model import ServedModel, UnusableModelError
from app.models import Followed, Snapshot, ranked
from app.registry import ModelVersion
from app.rest import RegistryError

log = logging.getLogger(__name__)

LOADING = "the model is being loaded"
# How long a caller waits while a version is being loaded in the background.
BUSY_S = 10.0


class UnknownModelError(Exception):
    """No model of this name is followed."""


class Source(Protocol):
    """Where versions come from: `app.champions.Champions`, or a fake in a test."""

    def current(self) -> Mapping[str, ModelVersion]:
        """Return the version to serve of each model."""
        ...

    def last(self) -> Mapping[str, ModelVersion]:
        """Return the versions that were served before this process began."""
        ...

    def load(self, version: ModelVersion, room_bytes: int) -> Loaded:
        """Fetch, check and warm a version."""
        ...

    def keep(self, version: ModelVersion, loaded: Loaded) -> None:
        """Keep a version that is served from now on."""
        ...

    def keep_only(self, names: Collection[str]) -> None:
        """Forget the models that are not among these."""
        ...

    def previous(self, name: str) -> ModelVersion:
        """Return the champion before this one."""
        ...

    def promote(self, version: ModelVersion) -> str | None:
        """Make a version champion; return what was it."""
        ...


@dataclass(frozen=True)
class Refusal:
    """A version that was not taken, and how much room it was not taken into."""

    version: ModelVersion
    room_bytes: float
    problem: str


@dataclass(frozen=True)
class Went:
    """How a champion was put back: which version is served, and which was replaced."""

    model: ServedModel
    replaced: str | None


class Follower:
    """Holds the served models; a background thread follows the registry.

    What is served is one immutable snapshot, replaced by one assignment: a request that took a
    model from it keeps that one, and the next finds the new one. When the registry is away or a
    version is unusable, the last good one stays, and `problem` says why.
    """

    def __init__(
        self,
        source: Source,
        default_name: str,
        budget_bytes: int,
        bell: Bell,
        on_change: Callable[[Sequence[ServedModel]], None] = lambda _models: None,
    ) -> None:
        self._budget_bytes = budget_bytes
        self._source = source
        self._default_name = default_name
        self._bell = bell
        self._on_change = on_change
        self._now = Snapshot.of(default_name, [Followed(default_name, problem=LOADING)])
        self._refusals: dict[str, Refusal] = {}
        self._names: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @property
    def default(self) -> ServedModel | None:
        """The model that answers when none is named."""
        return self._now.default

    @property
    def problem(self) -> str | None:
        """Why there is no default model, or why it may be stale."""
        return self._now.problem

    @property
    def followed(self) -> Sequence[Followed]:
        """Every model with the alias, the default first."""
        return tuple(self._now.followed.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all models that are served."""
        return tuple(model.name for model in self._now.served)

    def named(self, name: str) -> ServedModel | None:
        """Return the served model of a registered name."""
        return self._now.named(name)

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        """Return the one served model that has just these columns; None when two have them."""
        return self._now.by_columns.get(frozenset(names))

    def start(self, poll_s: float) -> None:
        """Follow in a background thread: a step every `poll_s` seconds, and when it is woken."""
        threading.Thread(
            target=self._follow, args=(poll_s,), name="follow-registry", daemon=True
        ).start()

    def wake(self) -> None:
        """Let the background thread look now, and those of the other workers."""
        self._bell.ring()

    def stop(self) -> None:
        """Let the background thread end after its present step."""
        self._stopping.set()

    def step(self, *, told: bool = False) -> bool:
        """Ask the registry once, load what it names anew; return whether anything was replaced.

        Parameters
        ----------
        told
            Somebody set an alias: what was refused is tried again.
        """
        with self._alone():
            before = self._now.served
            if told:
                self._refusals.clear()
            try:
                wanted = self._source.current()
            except RegistryError as error:
                self._carry_on(str(error))
            else:
                self._take(wanted)
            return not _same(self._now.served, before)

    def back(self, name: str) -> Went:
        """Make the champion before this one champion again, and serve it.

        Raises
        ------
        UnknownModelError
            No such model is followed.
        app.registry.NoChampionError
            There was none before this one.
        UnusableModelError
            It cannot be served; the alias was not moved.
        app.rest.RegistryError
            The registry cannot be asked.
        """
        with self._alone():
            if name not in self._now.followed:
                message = f"no model {name} is followed: {', '.join(self._now.followed)}"
                raise UnknownModelError(message)
            version = self._source.previous(name)
            loaded = self._source.load(version, self._room(name))
            replaced = self._source.promote(version)
            self._serve(version, loaded)
        self.wake()
        return Went(loaded.model, replaced)

    def _take(self, wanted: Mapping[str, ModelVersion]) -> None:
        self._retire(wanted.keys())
        for name in ranked(wanted.keys(), self._default_name):
            self._renew(wanted[name])
        if self._default_name not in wanted:
            problem = f"no version of {self._default_name} in the registry carries the alias"
            self._note(self._default_name, version=None, problem=problem)

    def _retire(self, names: Collection[str]) -> None:
        """Stop serving what has lost the alias; the default stays, as the last good model."""
        staying = frozenset({self._default_name, *names})
        kept = [one for name, one in self._now.followed.items() if name in staying]
        if len(kept) < len(self._now.followed):
            self._publish(kept)
        if self._names != staying:
            self._source.keep_only(staying)
            self._names = staying

    def _renew(self, version: ModelVersion) -> None:
        """Serve a version, unless it is served already or known to be unusable."""
        name, room = version.name, self._room(version.name)
        now = self._now.followed.get(name, Followed(name))
        refused = self._refusals.get(name)
        if now.model is not None and now.memory_bytes > room:
            # What goes before it has grown; when there is room again it is loaded again.
            self._publish([*self._others(name), Followed(name)])
            now = Followed(name)
        if _is(now.model, version):
            self._note(name, version=version, problem=None)
        elif refused and refused.version == version and room <= refused.room_bytes:
            self._note(name, version=version, problem=refused.problem)
        else:
            self._try(version, room)

    def _try(self, version: ModelVersion, room: int) -> None:
        try:
            loaded = self._source.load(version, room)
        except DoesNotFitError as error:
            self._refuse(Refusal(version, room, str(error)))
        except UnusableModelError as error:
            # Its files will not get better: they are not fetched again every few seconds.
            self._refuse(Refusal(version, float("inf"), str(error)))
        except RegistryError as error:
            self._note(version.name, version=version, problem=str(error))
        else:
            self._serve(version, loaded)

    def _refuse(self, refusal: Refusal) -> None:
        self._refusals[refusal.version.name] = refusal
        self._note(refusal.version.name, version=refusal.version, problem=refusal.problem)

    def _serve(self, version: ModelVersion, loaded: Loaded) -> None:
        new = Followed(version.name, version, loaded.model, loaded.memory_bytes)
        self._publish([*self._others(version.name), new])
        self._refusals.pop(version.name, None)
        log.warning("serving %s version %s", version.name, version.version)
        self._source.keep(version, loaded)

    def _carry_on(self, problem: str) -> None:
        """Serve on what there is; at the start, what was served before the start."""
        if not self._now.served:
            last = self._source.last()
            for name in ranked(last.keys(), self._default_name):
                self._try(last[name], self._room(name))
        self._note_all(problem)

    def _note_all(self, problem: str) -> None:
        for one in self._now.followed.values():
            self._note(one.name, version=one.version, problem=problem)

    def _room(self, name: str) -> int:
        """Return the memory that is left by the models that go before this one."""
        names = ranked({*self._now.followed, name}, self._default_name)
        before = (self._now.followed[other] for other in names[: names.index(name)])
        return self._budget_bytes - sum(one.memory_bytes for one in before)

    def _others(self, name: str) -> list[Followed]:
        return [one for one in self._now.followed.values() if one.name != name]

    def _note(self, name: str, *, version: ModelVersion | None, problem: str | None) -> None:
        now = self._now.followed.get(name, Followed(name))
        if problem is not None and problem != now.problem:
            log.warning("%s", problem)
        noted = replace(now, version=version, problem=problem)
        if noted != now:
            self._publish([*self._others(name), noted])

    def _publish(self, followed: Collection[Followed]) -> None:
        before = self._now.served
        self._now = Snapshot.of(self._default_name, followed)
        if not _same(self._now.served, before):
            self._on_change(self._now.served)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=BUSY_S):
            message = "a model is being loaded: try again in a minute"
            raise RegistryError(message)
        try:
            yield
        finally:
            self._lock.release()

    def _follow(self, poll_s: float) -> None:
        told = False
        while not self._stopping.is_set():
            try:
                # While it was loading, the alias may have moved on.
                while self.step(told=told):
                    told = False
            # The thread must outlive whatever a step meets, or no model is ever replaced again.
            except Exception as error:
                log.exception("following the registry failed")
                with suppress(RegistryError), self._alone():
                    self._note_all(f"following the registry failed: {type(error).__name__}")
            told = self._bell.wait(poll_s)


def _same(one: Sequence[ServedModel], other: Sequence[ServedModel]) -> bool:
    # Not `==`, which would compare what the predictors are made of.
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _is(model: ServedModel | None, version: ModelVersion) -> bool:
    return model is not None and (model.name, model.version, model.run_id) == (
        version.name,
        version.version,
        version.run_id,
    )
