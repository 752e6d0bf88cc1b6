"""Where the champions come from: asked for in the registry, fetched, checked, kept on disk."""

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import yaml

from app.cache import DiskCache
from app.model import ServedModel, UnusableModelError, load
from app.registry import PREVIOUS, ModelVersion, Registry
from app.rest import TooLargeError

log = logging.getLogger(__name__)

MANIFEST = "MLmodel"
# Bytes of memory for each byte of a model's files, measured with the default champion: 6.3 once
# ONNX Runtime, XGBoost and the explainer have its trees, and its neighbours are in KD-trees.
MEMORY_PER_FILE_BYTE = 7
# What is asked for most. Many rows would fetch XGBoost into memory before anybody sends many.
WARM_ROWS = (1, 16)

Read = Callable[[str, int], bytes]
"""Returns a file by its name, or raises TooLargeError when it is longer than so many bytes."""


class DoesNotFitError(UnusableModelError):
    """The version needs more memory than is left for it."""


@dataclass(frozen=True)
class Loaded:
    """A version that was loaded, checked and warmed; and the files that it was made of."""

    model: ServedModel
    files: Mapping[str, bytes]

    @property
    def memory_bytes(self) -> int:
        """About how much memory it takes."""
        return MEMORY_PER_FILE_BYTE * sum(map(len, self.files.values()))


class Champions:
    """Every registered model with the alias; the versions served last are kept on disk."""

    def __init__(self, registry: Registry, cache: DiskCache, alias: str) -> None:
        self._registry, self._cache, self._alias = registry, cache, alias

    def current(self) -> Mapping[str, ModelVersion]:
        """Return the version that the alias names, by model; raises as `Registry.champions`."""
        return self._registry.champions(self._alias)

    def last(self) -> Mapping[str, ModelVersion]:
        """Return the versions that were served last on this machine, by model."""
        return self._cache.in_force()

    def load(self, version: ModelVersion, room_bytes: int) -> Loaded:
        """Load a version, from disk when it is there.

        Raises
        ------
        app.rest.RegistryError
            A file cannot be fetched: it may be there later.
        UnusableModelError
            It is damaged, or predicts something else than when it was logged.
        DoesNotFitError
            It would need more than `room_bytes` of memory.
        """
        kept = self._cache.files(version)
        if kept is not None:
            files = _Files(version, lambda name, _limit: kept[name], room_bytes)
        else:
            files = _Files(
                version, lambda name, limit: self._registry.file(version, name, limit), room_bytes
            )
        model = load(files, version)
        _warm(model)
        return Loaded(model, files.read)

    def keep(self, version: ModelVersion, loaded: Loaded) -> None:
        """Keep a version on disk that is served from now on."""
        self._cache.keep(version, loaded.files)

    def keep_only(self, names: Collection[str]) -> None:
        """Drop from disk all models but these."""
        self._cache.keep_only(names)

    def previous(self, name: str) -> ModelVersion:
        """Return the champion before this one; raises as `Registry.version_by_alias`."""
        return self._registry.version_by_alias(name, PREVIOUS)

    def promote(self, version: ModelVersion) -> str | None:
        """Move the alias; return which version had it. Raises as `Registry.move_champion`."""
        return self._registry.move_champion(version.name, version.version, self._alias)


class _Files:
    """Reads a version's files once each: counted, and compared with what training wrote."""

    def __init__(self, version: ModelVersion, read: Read, room_bytes: int) -> None:
        self.read: dict[str, bytes] = {}
        self._version, self._source = version, read
        self._left = room_bytes // MEMORY_PER_FILE_BYTE
        self._room_bytes = room_bytes
        self._hashes: Mapping[str, str] | None = None

    def __call__(self, name: str) -> bytes:
        """Return one file; raises as `Champions.load`."""
        if name not in self.read:
            content = self._fetched(name)
            self._compare(name, content)
            self._left -= len(content)
            self.read[name] = content
        return self.read[name]

    def _fetched(self, name: str) -> bytes:
        try:
            content = self._source(name, max(self._left, 0))
        except TooLargeError as error:
            raise self._no_room() from error
        except KeyError as error:
            message = f"there is no {name}"
            raise self._unusable(message) from error
        if len(content) > self._left:
            raise self._no_room()
        return content

    def _compare(self, name: str, content: bytes) -> None:
        if name == MANIFEST:
            self._compare_with(self._version.manifest_sha256, name, content)
            self._hashes = _hashes(content)
        elif self._hashes is not None:
            self._compare_with(self._hashes.get(name, "nothing"), name, content)

    def _compare_with(self, expected: str | None, name: str, content: bytes) -> None:
        if expected is None:
            log.warning("%s is not compared: it was registered without hashes", self._called)
        elif (digest := hashlib.sha256(content).hexdigest()) != expected:
            message = f"{name} is not as it was registered: sha256 {digest}, not {expected}"
            raise self._unusable(message)

    @property
    def _called(self) -> str:
        return f"{self._version.name} version {self._version.version}"

    def _unusable(self, reason: str) -> UnusableModelError:
        return UnusableModelError(f"{self._called} cannot be served: {reason}")

    def _no_room(self) -> DoesNotFitError:
        return DoesNotFitError(
            f"{self._called} cannot be served: it needs more than the "
            f"{self._room_bytes / 1e6:.0f} MB that are left of MODEL_MEMORY_MB"
        )


def _hashes(manifest: bytes) -> Mapping[str, str] | None:
    """Return the other files' hashes as the manifest tells them; None when it tells none."""
    try:
        return {str(k): str(v) for k, v in yaml.safe_load(manifest)["metadata"]["files"].items()}
    # An older one has none; and if it is damaged, whoever reads it for its content says so.
    except Exception:  # noqa: BLE001
        return None


def _warm(model: ServedModel) -> None:
    schema = model.schema
    example = np.array([schema.example_row])
    try:
        if len(schema.example_row) != len(schema.columns):
            message = f"its example has {example.size} values for {len(schema.columns)} columns"
            raise ValueError(message)  # noqa: TRY301 - as whatever else its example brings to light
        for rows in WARM_ROWS:
            model.predict(np.repeat(example, rows, axis=0))
    # Better here than in the first request.
    except Exception as error:
        message = f"{model.name} version {model.version} cannot be served: {error}"
        raise UnusableModelError(message) from error
