"""Moves predictions from the spool into the database."""

import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.database.connection import Database, UnavailableError
from app.database.predictions import store
from app.spool import segments
from app.spool.record import Record, decode, newest

log = logging.getLogger(__name__)

BATCH = 1000
"""Rows a transaction: few enough that feedback does not wait, many enough to be quick."""


def drain(folder: Path, database: Database, most_s: float = math.inf) -> int:
    """Take every segment that no worker writes to, then delete it; return the damaged records.

    A segment with one is set aside, after what is sound was taken from it. After `most_s` the
    others are left for another time.

    Safe to be interrupted anywhere: a segment is deleted after all of it is in the database, and
    what is inserted again is left alone.

    Raises
    ------
    UnavailableError
        What is left is drained another time.
    """
    damaged = 0
    end = time.monotonic() + most_s
    for path in segments.all_of(folder):
        with segments.claimed(path) as data:
            if data is not None:
                try:
                    damaged += _take(path, data, database)
                except UnavailableError:
                    # What was found until now must be counted: the next call raises it again.
                    if damaged:
                        break
                    raise
        if time.monotonic() > end:
            break
    return damaged


def fetch(
    folder: Path, database: Database, wanted: Callable[[Record], bool], most_bytes: int
) -> bool:
    """Put predictions that are still in the spool into the database now: a caller asks for them.

    Segments that are being written are read too, and stay. Only the newest `most_bytes` are
    looked at; return whether these were all.
    """
    for path in reversed(segments.all_of(folder)):
        try:
            data = path.read_bytes()
        except OSError:
            # Most likely it has just been drained: then they are in the database.
            continue
        part = newest(data, most_bytes)
        found = [record for record in decode(part) if wanted(record)]
        if found:
            store(database, found)
        if len(part) < len(data):
            return False
        most_bytes -= len(part)
    return True


def _take(path: Path, data: bytes, database: Database) -> int:
    damaged = _store_all(data, database)
    if damaged:
        left = segments.set_aside(path)
        log.error("%d or more records are damaged, or refused by the database: %s", damaged, left)
    else:
        path.unlink(missing_ok=True)
    return damaged


def _store_all(data: bytes, database: Database) -> int:
    taken = refused = 0
    for batch in _batches(data):
        refused += store(database, batch)
        taken += sum(record.size for record in batch)
    return refused + (1 if taken < len(data) else 0)


def _batches(data: bytes) -> Iterator[list[Record]]:
    records = decode(data)
    return iter(lambda: list(itertools.islice(records, BATCH)), [])
