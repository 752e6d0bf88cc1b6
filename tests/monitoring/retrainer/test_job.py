"""The process of a retraining: never two, and none without its service."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitoring.retrainer.job import LAST_WORDS_S, alone

CHECKOUT = Path(__file__).resolve().parents[3]

HOLDER = """
import sys, time
from pathlib import Path
from monitoring.retrainer.job import alone, end_with
end_with(sys.stdin.fileno())
with alone(Path(sys.argv[1])):
    {first}
    print("holds", flush=True)
    time.sleep(60)
"""
LISTENS = "pass"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@contextmanager
def hold(lock, first=LISTENS):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(first=first), str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    )
    with process:
        assert process.stdout.readline() == b"holds\n"
        yield process
        process.kill()


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "retrainer" / "job.lock"


def test_the_second_waits_for_the_first(lock):
    """A job that lost its service may take a moment to end."""
    with hold(lock) as first:
        first.stdin.close()
        with alone(lock):
            assert first.wait(1) == -signal.SIGTERM


def test_a_killed_one_leaves_no_lock(lock):
    """The kernel gives it back, whatever way the process ends."""
    with hold(lock) as first:
        first.kill()
        first.wait()
    with alone(lock):
        pass


def test_it_ends_with_its_service_whatever_it_is_at(lock):
    """Code that does not come back to Python, or does not listen, is ended a moment later."""
    with hold(lock, DEAF) as process:
        began = time.monotonic()
        process.stdin.close()
        assert process.wait(LAST_WORDS_S + 5) == 143
        assert time.monotonic() - began >= LAST_WORDS_S - 1


PARENT = """
import subprocess, sys, time
job = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdin=subprocess.PIPE)
print(job.pid, flush=True)
time.sleep(60)
"""


def test_it_notices_a_service_that_was_killed(lock):
    """The pipe closes with the process that held its other end."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, HOLDER.format(first=LISTENS), str(lock)],
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    )
    with parent:
        job = int(parent.stdout.readline())
        assert parent.stdout.readline() == b"holds\n"
        parent.kill()
    with alone(lock):
        pass
    assert not _runs(job)


def _runs(pid):
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if "Z (zombie)" in Path(f"/proc/{pid}/status").read_text():
            return False
        time.sleep(0.05)
    return True
