"""Fetches what a version's served rows are compared with, and keeps it while it is the champion.

By the API's own small client: training's opens models, and takes XGBoost's 60 MB to be imported.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml

from app.registry import ModelVersion, Registry
from app.rest import RegistryError
from monitoring.retrainer.drift import Reference
from training.rows import ROWS_FILE, TrainingRows

MANIFEST = "MLmodel"
LARGEST_FILE = 50_000_000
NOT_THERE = 404


class NoReferenceError(Exception):
    """A version whose drift cannot be measured; says why and what to do."""


class References:
    """The reference of each champion, fetched once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, tuple[ModelVersion, Reference]] = {}

    def of(self, version: ModelVersion) -> Reference:
        """Return a version's reference.

        Raises
        ------
        NoReferenceError
            The version has none, or a damaged one.
        app.rest.RegistryError
            The registry does not answer.
        """
        known = self._known.get(version.name)
        # A version that was deleted and made anew has the same number, and another run.
        if known is None or known[0] != version:
            known = version, Reference.of(self.rows(version))
            self._known[version.name] = known
        return known[1]

    def rows(self, version: ModelVersion) -> TrainingRows:
        """Fetch a version's training rows; raises as `of`."""
        called = f"{version.name} version {version.version}"
        content = self._file(version, ROWS_FILE)
        _compare(f"{called}: {ROWS_FILE}", content, self._hashes(version).get(ROWS_FILE))
        try:
            return TrainingRows.from_bytes(content)
        except ValueError as error:
            message = f"{called}: {error}"
            raise NoReferenceError(message) from error

    def metadata(self, version: ModelVersion) -> Mapping[str, Any]:
        """Fetch what the version's manifest says of the model; raises as `of`."""
        called = f"{version.name} version {version.version}"
        manifest = self._file(version, MANIFEST)
        _compare(f"{called}: {MANIFEST}", manifest, version.manifest_sha256)
        try:
            return dict(yaml.safe_load(manifest)["metadata"])
        except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            message = f"{called}: {MANIFEST} is no manifest of a model made here: {error!r}"
            raise NoReferenceError(message) from error

    def _hashes(self, version: ModelVersion) -> Mapping[str, str]:
        files = self.metadata(version).get("files")
        return files if isinstance(files, dict) else {}

    def _file(self, version: ModelVersion, name: str) -> bytes:
        try:
            return self._registry.file(version, name, LARGEST_FILE)
        except RegistryError as error:
            if error.status != NOT_THERE:
                raise
            message = (
                f"{version.name} version {version.version} has no {name}: its drift cannot be "
                "measured; train a new version, `python -m training.train`"
            )
            raise NoReferenceError(message) from error


def _compare(called: str, content: bytes, expected: str | None) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if expected is not None and digest != expected:
        message = f"{called} is not as it was registered: sha256 {digest}, not {expected}"
        raise NoReferenceError(message)
