"""Pure: the form of a prediction in a segment file, and how it is read again.

A record is a header, the texts, the rows and the predictions as raw 64-bit floats, and an end mark.
It is written by one call; so after a crash at most the last one of a file is incomplete, which its
length and the end mark show.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

HEADER = struct.Struct("<4sIddqIHHHH")
"""Mark, bytes of the whole record, at, latency, user, rows, lengths of id and of three texts."""

START, END = b"\xabPR1", b"1RP\xab"
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Record:
    """A prediction as the database keeps it: `rows` and `predictions` are float64 in memory order.

    `size` is what the record takes of its file.
    """

    id: str
    at: float
    model: str
    version: str
    run_id: str
    rows: bytes
    predictions: bytes
    row_count: int
    latency_s: float
    user_id: int | None
    size: int


def decode(data: bytes) -> Iterator[Record]:
    """Yield a segment's complete records; stop where the bytes are no record any more.

    The records' sizes add up to less than `len(data)` when the rest is damaged, or is being
    written just now.
    """
    at = 0
    while (record := _at(data, at)) is not None:
        yield record
        at += record.size


def newest(data: bytes, most: int) -> bytes:
    """Return the last records of a segment that take at most `most` bytes together, unread."""
    start = 0
    # From one to the next, which is much quicker than to read them.
    while len(data) - start > max(most, HEADER.size):
        mark, size, *_ = HEADER.unpack_from(data, start)
        if mark != START or size < HEADER.size:
            break
        start += size
    return data[start:]


def _at(data: bytes, start: int) -> Record | None:
    if len(data) < start + HEADER.size:
        return None
    mark, size, at, latency_s, user, row_count, *lengths = HEADER.unpack_from(data, start)
    end = start + size - len(END)
    answers, place = end - 8 * row_count, start + HEADER.size
    # After a loss of power there may be anything, most often zeros.
    columns = (answers - place - sum(lengths)) / (8 * row_count) if row_count else 0
    if mark != START or columns < 1 or columns % 1 or data[end : end + len(END)] != END:
        return None
    texts = []
    try:
        for length in lengths:
            texts.append(data[place : place + length].decode())
            place += length
    except UnicodeDecodeError:
        return None
    return Record(
        *(texts[0], at, texts[1], texts[2], texts[3]),
        rows=data[place:answers],
        predictions=data[answers:end],
        row_count=row_count,
        latency_s=latency_s,
        user_id=None if user == NOBODY else user,
        size=size,
    )


def floats(data: bytes) -> list[float]:
    """Return numbers that are kept as bytes; without numpy, which the keeper has no use for."""
    return array("d", data).tolist()
