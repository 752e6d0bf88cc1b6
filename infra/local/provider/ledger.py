"""Which resources of the embedded AWS are someone's: with the last one the server goes too."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local import files


class Ledger:
    """(type, id) of every resource that Pulumi made, imported or found, in one file."""

    def __init__(self, local_dir: Path) -> None:
        self._path = local_dir / "aws" / "ledger.json"
        # Beside the folder: it outlives it.
        self._lock = local_dir / "ledger.lock"

    def add(self, token: str, resource_id: str) -> None:
        """Note a resource that exists."""
        with self._locked():
            entries = self._read()
            if [token, resource_id] not in entries:
                self._write([*entries, [token, resource_id]])

    def remove(self, token: str, resource_id: str) -> bool:
        """Strike a resource that is gone and return whether it was the last one."""
        with self._locked():
            entries = self._read()
            if [token, resource_id] not in entries:
                return False
            entries.remove([token, resource_id])
            self._write(entries)
            return not entries

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _read(self) -> list[list[str]]:
        try:
            entries: list[list[str]] = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return []
        return entries

    def _write(self, entries: list[list[str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files.write(self._path, json.dumps(entries, indent=0), 0o600)
