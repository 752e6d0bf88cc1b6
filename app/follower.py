"""Keeps the served model equal to what the registry's alias names."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import Protocol

from app.model import ServedModel, UnusableModelError
from app.registry import ModelVersion, RegistryError

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where versions come from: the registry, or a fake in a test."""

    def current(self) -> ModelVersion:
        """Return the version to serve."""
        ...

    def load(self, version: ModelVersion) -> ServedModel:
        """Fetch and check a version."""
        ...


class Follower:
    """Holds the served model; a background thread follows the registry.

    `default` and `problem` are each replaced by one assignment, so that a request sees the old
    model or the new one and never a mixture. When the registry is down or the new version is
    unusable, the last good model stays and `problem` says why it may be stale.
    """

    def __init__(
        self, source: Source, poll_s: float, on_change: Callable[[ServedModel], None]
    ) -> None:
        self.default: ServedModel | None = None
        self.problem: str | None = "the model is being loaded"
        self._source = source
        self._poll_s = poll_s
        self._on_change = on_change
        self._refused: ModelVersion | None = None
        self._stopping = threading.Event()

    @property
    def names(self) -> tuple[str, ...]:
        """The served model's name, once there is one."""
        return () if self.default is None else (self.default.name,)

    def named(self, name: str) -> ServedModel | None:
        """Return the served model if this is its name."""
        model = self.default
        return model if model is not None and model.name == name else None

    def with_columns(self, names: Collection[str]) -> ServedModel | None:
        """Return the served model if these are its columns."""
        model = self.default
        return model if model is not None and set(model.schema.names) == set(names) else None

    def start(self) -> None:
        """Follow the registry in a background thread, which ends with the process."""
        threading.Thread(target=self._follow, name="follow-registry", daemon=True).start()

    def stop(self) -> None:
        """Let the background thread end after its present step."""
        self._stopping.set()

    def step(self) -> None:
        """Ask the registry once, and load the version it names when it is another one."""
        try:
            version = self._source.current()
            if self._is_served(version):
                self._set_problem(None)
            elif version != self._refused:
                self._serve(version)
        except UnusableModelError as error:
            self._set_problem(str(error))
        except RegistryError as error:
            self._set_problem(str(error))

    def _is_served(self, version: ModelVersion) -> bool:
        model = self.default
        return model is not None and (model.name, model.version, model.run_id) == (
            version.name,
            version.version,
            version.run_id,
        )

    def _serve(self, version: ModelVersion) -> None:
        try:
            model = self._source.load(version)
        except UnusableModelError:
            # Its files will not get better: they are not fetched again every few seconds.
            self._refused = version
            raise
        self.default = model
        self._refused = None
        self._on_change(model)
        self._set_problem(None)
        log.warning("serving %s version %s", model.name, model.version)

    def _set_problem(self, problem: str | None) -> None:
        if problem is not None and problem != self.problem:
            log.warning("%s", problem)
        self.problem = problem

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
            # The thread must outlive whatever a step meets, or the model is never replaced again.
            except Exception as error:
                log.exception("following the registry failed")
                self._set_problem(f"following the registry failed: {type(error).__name__}")
            self._stopping.wait(self._poll_s)
