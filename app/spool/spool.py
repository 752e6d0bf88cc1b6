"""The journal of a worker: one write to a file, and the prediction outlives the process."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from app.journal import Prediction
from app.spool import segments
from app.spool.encode import encode

log = logging.getLogger(__name__)

SEGMENT_BYTES = 4 << 20
"""A larger segment is left to be drained. The folder's bound may be passed by one a worker."""

MOST_SMALL_SEGMENTS = 64

ROLL_S = 0.5
"""So long a prediction waits in an open segment at most."""


class Spool:
    """Appends records to a segment of its own; another process takes closed ones to the database.

    The page cache keeps what was written when the process is killed; it does not outlive a loss of
    power. When the folder is full or cannot be written, predictions are refused, and the folder is
    looked at again at the next roll: a refusal costs less than a record.
    """

    def __init__(self, folder: Path, max_bytes: int, on_refusal: Callable[[], None]) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._on_refusal = on_refusal
        self._lock = threading.Lock()
        self._segment: segments.Segment | None = None
        self._room = 0
        """What the folder can take beyond the records that were there at the last look."""
        self._refusing = False
        self._stopping = threading.Event()
        self.roll()

    def record(self, prediction: Prediction) -> bool:
        """Keep it; False when there is no room for it or no way to write."""
        record = encode(prediction)
        with self._lock:
            kept = self._append(record)
        if not kept:
            self._on_refusal()
        return kept

    def roll(self) -> None:
        """Leave the open segment to be drained, and see how much room there is."""
        with self._lock:
            segment = self._segment
            if segment is None or (segment.size and self._is_drained()):
                self._roll()
            else:
                self._measure()

    def start(self) -> None:
        """Roll again and again in a background thread, which ends with the process."""
        threading.Thread(target=self._keep_rolling, name="roll-spool", daemon=True).start()

    def close(self) -> None:
        """Leave everything to be drained."""
        self._stopping.set()
        with self._lock:
            if self._segment is not None:
                self._segment.close()
                self._segment = None

    def _append(self, record: bytes) -> bool:
        size = len(record)
        if self._segment is not None and self._segment.size > SEGMENT_BYTES - size:
            self._roll()
        if self._segment is None or size > self._room:
            self._refuse(f"no room for {size} bytes more; the bound is {self._max_bytes} bytes")
            return False
        try:
            self._segment.append(record)
        except OSError as error:
            self._room = 0
            self._refuse(str(error))
            return False
        self._room -= size
        return True

    def _is_drained(self) -> bool:
        # While the database is away, segments grow instead of becoming many.
        return len(segments.all_of(self._folder)) < MOST_SMALL_SEGMENTS

    def _roll(self) -> None:
        old, self._segment = self._segment, None
        try:
            if old is not None:
                old.close()
            self._segment = segments.create(self._folder)
        except OSError as error:
            self._refuse(str(error))
            return
        self._measure()

    def _measure(self) -> None:
        try:
            self._room = self._max_bytes - segments.bytes_in(self._folder)
        except OSError as error:
            self._room = 0
            self._refuse(str(error))
            return
        if self._refusing and self._room > 0:
            self._refusing = False
            log.warning("predictions are recorded again")

    def _refuse(self, why: str) -> None:
        if not self._refusing:
            self._refusing = True
            log.error("predictions are answered but not recorded: %s: %s", self._folder, why)

    def _keep_rolling(self) -> None:
        while not self._stopping.wait(ROLL_S):
            self.roll()
