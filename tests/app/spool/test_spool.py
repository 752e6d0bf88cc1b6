"""The spool: what was acknowledged is on disk, what has no room is refused."""

import os
import resource
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from app.journal import Prediction
from app.spool import segments
from app.spool.encode import encode
from app.spool.record import decode
from app.spool.spool import SEGMENT_BYTES, Spool

CHECKOUT = Path(__file__).parents[3]


def prediction(number: int = 0, rows: int = 2, user_id: int | None = 3) -> Prediction:
    values = np.arange(rows * 8, dtype=np.float64).reshape(rows, 8)
    values[0, 0] = np.nan
    answers = [0.1 * at for at in range(rows)]
    texts = ("housing-Ä", "7", "run7")
    return Prediction(f"{number:032x}", 1.5, *texts, values, answers, 0.25, user_id)


class Refusals:
    count = 0

    def __call__(self) -> None:
        self.count += 1


def spool(folder: Path, max_bytes: int = 1 << 20) -> Spool:
    return Spool(folder, max_bytes, Refusals())


def drained(folder: Path) -> list[str]:
    """Take every segment that nobody writes to."""
    ids = []
    for path in segments.all_of(folder):
        with segments.claimed(path) as data:
            if data is not None:
                ids += [record.id for record in decode(data)]
    return ids


@pytest.mark.parametrize("user_id", [None, 0, 3])
def test_record_comes_back_bit_for_bit(user_id):
    """Texts, times, user and every bit of the floats survive the way through a file."""
    given = prediction(rows=3, user_id=user_id)
    data = encode(given)
    (found,) = decode(data)
    assert (found.id, found.at, found.latency_s, found.user_id) == (given.id, 1.5, 0.25, user_id)
    assert (found.model, found.version, found.run_id) == ("housing-Ä", "7", "run7")
    assert found.rows == given.rows.tobytes()
    assert np.frombuffer(found.predictions).tolist() == [0.0, 0.1, 0.2]
    assert (found.row_count, found.size) == (3, len(data))


def test_half_written_record_is_skipped_wherever_it_was_cut():
    """Whatever part of the last record a crash left, all before it is read and it is not."""
    whole, last = encode(prediction(1)), encode(prediction(2))
    for cut in range(len(last)):
        assert [record.id for record in decode(whole + last[:cut])] == [prediction(1).id]
    assert list(decode(whole[:-1] + b"\0")) == []


def test_a_segment_in_use_is_not_taken(tmp_path):
    """Only what was rolled is drained; the open segment still belongs to its worker."""
    journal = spool(tmp_path)
    assert journal.record(prediction(1))
    assert drained(tmp_path) == []
    journal.roll()
    assert journal.record(prediction(2))
    assert drained(tmp_path) == [prediction(1).id]
    journal.close()
    assert drained(tmp_path) == [prediction(1).id, prediction(2).id]


def test_full_spool_refuses_and_recovers(tmp_path):
    """At its bound it records nothing more, says so once, and goes on when it was drained."""
    journal = spool(tmp_path, max_bytes=3 * len(encode(prediction())))
    assert [journal.record(prediction(at)) for at in range(5)] == [True] * 3 + [False] * 2
    assert journal._on_refusal.count == 2
    journal.roll()
    assert not journal.record(prediction())
    for path in segments.all_of(tmp_path):
        path.write_bytes(b"")
    journal.roll()
    assert journal.record(prediction())


def test_folder_that_cannot_be_written_only_refuses(tmp_path, caplog):
    """Without a folder nothing is raised; the log has one line; a roll tries again."""
    (tmp_path / "file").write_text("")
    journal = spool(tmp_path / "file" / "journal")
    assert [journal.record(prediction()) for _ in range(3)] == [False] * 3
    assert len(caplog.records) == 1
    (tmp_path / "file").unlink()
    journal.roll()
    assert journal.record(prediction())


def test_disk_that_takes_a_part_keeps_no_half_record(tmp_path):
    """Of a record that is written in part nothing stays, and the next one is readable."""
    journal = spool(tmp_path)
    assert journal.record(prediction(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system then writes ten bytes more and no other, as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(encode(prediction())) + 10, before[1]))
    try:
        assert not journal.record(prediction(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal._measure()
    assert journal.record(prediction(3))
    journal.close()
    assert drained(tmp_path) == [prediction(1).id, prediction(3).id]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_write_that_fails_is_a_refusal(tmp_path):
    """ENOSPC of the system itself makes record() return False."""
    journal = spool(tmp_path)
    journal._segment = segments.Segment(os.open("/dev/full", os.O_WRONLY))
    assert not journal.record(prediction())


def test_segments_stay_few_while_nobody_drains(tmp_path):
    """Rolling for hours without a database makes large segments instead of many."""
    journal = spool(tmp_path)
    for at in range(200):
        journal.record(prediction(at))
        journal.roll()
    assert len(segments.all_of(tmp_path)) < 70
    journal.close()
    assert len(drained(tmp_path)) == 200


def test_large_segments_are_rolled_by_themselves(tmp_path):
    """No segment grows much beyond its size, so that draining one needs little memory."""
    journal = spool(tmp_path, max_bytes=10 * SEGMENT_BYTES)
    big = prediction(rows=10_000)
    for _ in range(12):
        assert journal.record(big)
    assert max(path.stat().st_size for path in segments.all_of(tmp_path)) <= SEGMENT_BYTES
    journal.close()


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from app.spool.spool import Spool
    from tests.app.spool.test_spool import prediction
    journal = Spool(Path(sys.argv[1]), 1 << 30, print)
    for at in range(1000):
        if journal.record(prediction(at)):
            os.write(1, f"{at}\\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_acknowledged_predictions_survive_kill_9(tmp_path):
    """Each id acknowledged before SIGKILL is in the segments that another process takes."""
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    acknowledged = {f"{int(at):032x}" for at in killed.stdout.split()}
    assert (killed.returncode, len(acknowledged)) == (-9, 1000)
    assert acknowledged == set(drained(tmp_path))


def test_recording_costs_microseconds(tmp_path):
    """A one-row prediction is recorded in well under 50 microseconds (here: some 5)."""
    journal = spool(tmp_path, max_bytes=1 << 30)
    one = prediction(rows=1)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(1000):
            journal.record(one)
        best = min(best, (time.perf_counter() - started) / 1000)
    assert best < 50e-6
