"""The bell that wakes all workers."""

import time

from app.bell import Bell


def test_bell_is_heard_once_in_every_worker(tmp_path):
    """A ring in one worker ends the waiting of another, and does not ring for ever."""
    ringing, hearing = Bell(tmp_path / "new" / "bell"), Bell(tmp_path / "new" / "bell")
    ringing.ring()
    for bell in (ringing, hearing):
        assert bell.wait(5.0)
        assert not bell.wait(0.0)
    ringing.ring()
    ringing.ring()
    assert hearing.wait(5.0)
    assert not hearing.wait(0.0)


def test_silence_lasts_as_long_as_asked(tmp_path):
    """Nobody rang: the wait ends with False after its time."""
    started = time.monotonic()
    assert not Bell(tmp_path / "bell").wait(0.3)
    assert 0.3 <= time.monotonic() - started < 5


def test_bell_that_cannot_be_written_is_heard_by_its_own_worker(tmp_path):
    """Where the folder cannot be made, the worker that was told still looks at once."""
    (tmp_path / "file").touch()
    bell = Bell(tmp_path / "file" / "bell")
    bell.ring()
    assert bell.wait(5.0)
