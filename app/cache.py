"""Keeps the files of the served versions on disk, for a start while the registry is away.

A version is one archive, written under another name and then renamed; the index, replaced in the
same way, has its hash. So a reader finds a whole version or none, whenever a writer was killed.
"""

import fcntl
import hashlib
import io
import json
import logging
import os
import tempfile
import time
import urllib.parse
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from app.registry import ModelVersion

log = logging.getLogger(__name__)

INDEX = "index.json"
ARCHIVE = ".zip"
UNFINISHED = ".part"
# The version in force, and the one before it.
KEPT = 2


@dataclass(frozen=True)
class _Entry:
    """`since` is when it was put in force the last time, in seconds since 1970."""

    version: ModelVersion
    sha256: str
    since: float | None = None

    @property
    def file(self) -> str:
        name = urllib.parse.quote(self.version.name, safe="")[:100]
        return f"{name}-{self.version.version}-{self.sha256[:16]}{ARCHIVE}"


Index = dict[str, list[_Entry]]


class DiskCache:
    """The versions in force and those before them, in one folder; shared by all workers.

    A folder that cannot be written is no fault of a request: it is logged, and nothing is kept.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def since(self, name: str, version: str) -> float | None:
        """Return when this version was put in force; None: it is not, or it is not known."""
        entries = self._index().get(name)
        return entries[0].since if entries and entries[0].version.version == version else None

    def in_force(self) -> dict[str, ModelVersion]:
        """Return the version of each model that was served last."""
        return {name: entries[0].version for name, entries in self._index().items()}

    def files(self, version: ModelVersion) -> dict[str, bytes] | None:
        """Return the version's files, or None when they are not here as they were written."""
        entry = _find(self._index(), version)
        if entry is None:
            return None
        path = self._folder / entry.file
        try:
            kept = path.read_bytes()
            if hashlib.sha256(kept).hexdigest() == entry.sha256:
                return _unpacked(kept)
        except (OSError, zipfile.BadZipFile) as error:
            log.warning("%s cannot be read: %s", path, error)
        else:
            log.warning("%s is damaged: the version is fetched again", path)
        # Away with it, or `keep` would take it for a good one.
        with suppress(OSError):
            path.unlink()
        return None

    def keep(self, version: ModelVersion, files: Mapping[str, bytes]) -> None:
        """Put a version in force; the one before it stays, all older ones go."""
        try:
            with self._alone():
                index = self._index()
                before = index.get(version.name, [])
                entry = _find(index, version)
                if entry is None or not (self._folder / entry.file).is_file():
                    packed = _packed(files)
                    since = None if entry is None else entry.since
                    entry = _Entry(version, hashlib.sha256(packed).hexdigest(), since)
                    self._write(entry.file, packed)
                if not before or before[0].version != version:
                    entry = replace(entry, since=self._clock())
                others = [old for old in before if old.version != version]
                self._commit({**index, version.name: [entry, *others][:KEPT]})
        except OSError as error:
            log.warning("%s version %s is not kept: %s", version.name, version.version, error)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget every model but these."""
        index = self._index()
        if index.keys() <= set(names):
            return
        try:
            with self._alone():
                index = self._index()
                self._commit({name: kept for name, kept in index.items() if name in names})
        except OSError as error:
            log.warning("%s is not swept: %s", self._folder, error)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _index(self) -> Index:
        try:
            found = json.loads((self._folder / INDEX).read_text())
            return {name: [_entry(one) for one in kept] for name, kept in found.items() if kept}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("%s cannot be read: %s", self._folder / INDEX, error)
            return {}

    def _commit(self, index: Index) -> None:
        told = {name: [asdict(entry) for entry in kept] for name, kept in index.items()}
        self._write(INDEX, json.dumps(told, indent=1).encode())
        named = {entry.file for kept in index.values() for entry in kept}
        for path in self._folder.iterdir():
            if path.suffix == UNFINISHED or (path.suffix == ARCHIVE and path.name not in named):
                path.unlink()

    def _write(self, name: str, content: bytes) -> None:
        place, unfinished = tempfile.mkstemp(UNFINISHED, dir=self._folder)
        try:
            with os.fdopen(place, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(unfinished).replace(self._folder / name)
        except OSError:
            with suppress(OSError):
                Path(unfinished).unlink()
            raise


def _find(index: Index, version: ModelVersion) -> _Entry | None:
    kept = index.get(version.name, [])
    return next((entry for entry in kept if entry.version == version), None)


def _entry(found: Mapping[str, Any]) -> _Entry:
    since = found.get("since")
    told = None if since is None else float(since)
    return _Entry(ModelVersion(**found["version"]), str(found["sha256"]), told)


def _packed(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in sorted(files.items()):
            # With a fixed time, so that the same files are the same archive.
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _unpacked(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
