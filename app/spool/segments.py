"""The files of the spool: whoever holds a segment's lock owns it; a dead process holds none."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".records"
SET_ASIDE = ".damaged"


@dataclass(slots=True)
class Segment:
    """A file that this process alone appends to; `size` counts its bytes."""

    descriptor: int
    size: int = 0

    def append(self, record: bytes) -> None:
        """Write a whole record, or nothing.

        Raises
        ------
        OSError
            There is no room, or the disk cannot be written.
        """
        written = os.write(self.descriptor, record)
        if written < len(record):
            # A part of a record would hide all that comes after it.
            os.ftruncate(self.descriptor, self.size)
            message = f"{written} of {len(record)} bytes were written"
            raise OSError(message)
        self.size += written

    def close(self) -> None:
        """Leave the file to whoever drains it."""
        os.close(self.descriptor)


def create(folder: Path) -> Segment:
    """Make a segment that is locked from the moment it can be seen.

    Raises
    ------
    OSError
        The folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Names sort by age: the oldest is drained first.
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    new = folder / f"{name}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(new, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        new.rename(folder / f"{name}{SUFFIX}")
    except OSError:
        os.close(descriptor)
        raise
    return Segment(descriptor)


def all_of(folder: Path) -> list[Path]:
    """Return all segments, the oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def bytes_in(folder: Path) -> int:
    """Return what the spool takes of the disk; segments may vanish meanwhile."""
    total = 0
    for path in all_of(folder):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def set_aside(path: Path) -> Path:
    """Leave a segment to people: nobody drains it any more."""
    return path.rename(path.with_suffix(SET_ASIDE))


def those_set_aside(folder: Path) -> list[Path]:
    """Return the segments that are left to people."""
    return list(folder.glob(f"*{SET_ASIDE}"))


@contextmanager
def claimed(path: Path) -> Iterator[bytes | None]:
    """Own a segment that nobody writes to any more, and yield its bytes; None: it is in use."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        if _locked(descriptor) and os.fstat(descriptor).st_nlink:
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read()
            yield data
        else:
            yield None
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
