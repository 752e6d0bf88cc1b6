"""The model registry of an MLflow server: which versions are champions, and how one is moved."""

import urllib.parse
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from app.rest import RegistryError, Rest

PREVIOUS = "previous"
PROXIED = "mlflow-artifacts"
MANIFEST_TAG = "manifest_sha256"
LARGEST_FILE = 1_000_000_000
NOT_THERE = frozenset({400, 404})


class NoChampionError(RegistryError):
    """The registry answers, and no version carries the alias."""


@dataclass(frozen=True)
class ModelVersion:
    """A registered version: its number, the run that made it, and where its files are."""

    name: str
    version: str
    run_id: str
    source: str
    manifest_sha256: str | None = None
    """Of its MLmodel file, which in turn has those of the others; None for older versions."""

    @classmethod
    def from_answer(cls, found: Mapping[str, Any]) -> "ModelVersion":
        """Read the registry's description of a version."""
        tags = {tag["key"]: tag.get("value") for tag in found.get("tags", [])}
        # A version that somebody registered by hand may lack both: that is for its loading to say.
        run_id, source = found.get("run_id", ""), found.get("source", "")
        name, version = str(found["name"]), str(found["version"])
        return cls(name, version, str(run_id), str(source), tags.get(MANIFEST_TAG))


class Registry:
    """The model registry of one MLflow server that serves its artifacts itself."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._known: dict[tuple[str, str, int], ModelVersion] = {}

    def champions(self, alias: str) -> dict[str, ModelVersion]:
        """Return the version that the alias names, of each model that has it.

        Raises
        ------
        RegistryError
            The server does not answer, or not as an MLflow server does.
        """
        known: dict[tuple[str, str, int], ModelVersion] = {}
        try:
            for model in self._models():
                named = {pair["alias"]: str(pair["version"]) for pair in model.get("aliases", [])}
                if alias in named:
                    # A model that is deleted and made anew has its version 1 again.
                    key = (model["name"], named[alias], int(model["creation_timestamp"]))
                    known[key] = self._known.get(key) or self._version(key[0], key[1])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{self._rest.uri} did not answer as a model registry does: {error!r}"
            raise RegistryError(message) from error
        self._known = known
        return {version.name: version for version in known.values()}

    def version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version that the alias names.

        Raises
        ------
        NoChampionError
            There is no such model or alias yet.
        RegistryError
            The server does not answer, or not as an MLflow server does.
        """
        try:
            found = self._rest.get("/registered-models/alias", name=name, alias=alias)
            return ModelVersion.from_answer(found["model_version"])
        except RegistryError as error:
            if error.status in NOT_THERE:
                message = f"no version of {name} in the registry carries the alias {alias}"
                raise NoChampionError(message, error.status) from error
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{self._rest.uri} answered with something else than a model version"
            raise RegistryError(message) from error

    def move_champion(self, name: str, version: str, alias: str) -> str | None:
        """Make the version champion and the champion `previous`; return what was champion.

        `previous` is moved first and, when the champion then cannot be moved, back again: at no
        moment is the way back lost. Training moves it in the same order.

        Raises
        ------
        RegistryError
            The server does not answer or refuses.
        """
        champion, previous = self._target(name, alias), self._target(name, PREVIOUS)
        if champion is not None:
            self._set_alias(name, PREVIOUS, champion)
        try:
            self._set_alias(name, alias, version)
        except RegistryError:
            if champion is not None:
                with suppress(RegistryError):
                    self._put_back(name, previous)
            raise
        return champion

    def file(self, version: ModelVersion, name: str, limit: int = LARGEST_FILE) -> bytes:
        """Return one file of the version's artifact.

        Raises
        ------
        app.rest.TooLargeError
            It has more than `limit` bytes.
        RegistryError
            The server does not answer, has no such file, or does not serve artifacts itself.
        """
        source = urllib.parse.urlsplit(version.source)
        if source.scheme != PROXIED:
            message = (
                f"{version.name} version {version.version} is at {version.source!r}, not behind "
                "the MLflow server: start it with --artifacts-destination"
            )
            raise RegistryError(message)
        return self._rest.file(str(PurePosixPath(source.path.lstrip("/")) / name), limit)

    def _models(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page: dict[str, str] = {}
        while True:
            answer = self._rest.get("/registered-models/search", max_results="1000", **page)
            found += answer.get("registered_models", [])
            if not (token := answer.get("next_page_token")) or {"page_token": token} == page:
                return found
            page = {"page_token": token}

    def _version(self, name: str, version: str) -> ModelVersion:
        found = self._rest.get("/model-versions/get", name=name, version=version)
        return ModelVersion.from_answer(found["model_version"])

    def _target(self, name: str, alias: str) -> str | None:
        try:
            return self.version_by_alias(name, alias).version
        except NoChampionError:
            return None

    def _set_alias(self, name: str, alias: str, version: str) -> None:
        fields = {"name": name, "alias": alias, "version": version}
        self._rest.send("POST", "/registered-models/alias", fields)

    def _put_back(self, name: str, previous: str | None) -> None:
        if previous is None:
            fields = {"name": name, "alias": PREVIOUS}
            self._rest.send("DELETE", "/registered-models/alias", fields)
        else:
            self._set_alias(name, PREVIOUS, previous)
