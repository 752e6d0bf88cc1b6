"""Commands that take long: bounded, and ended with all that they began."""

import time

from infra.local.processes import is_alive
from infra.local.progress import TIMED_OUT, run


def test_status_and_output_come_back():
    """Both streams are kept, in the order in which they were written."""
    done = run(["sh", "-c", "echo one; echo two >&2; exit 3"], timeout_s=60)

    assert (done.status, done.output) == (3, "one\ntwo\n")
    assert done.end == "one | two"


def test_a_missing_program_is_a_status():
    """The caller need not catch anything to name it."""
    done = run(["no-such-program"], timeout_s=60)

    assert done.status == 127
    assert "no-such-program" in done.end


def test_what_takes_too_long_is_ended_with_its_children(tmp_path):
    """Nothing that it began works on in the background."""
    pids = tmp_path / "pids"

    done = run(["sh", "-c", f"sleep 600 & echo $! > {pids}; wait"], timeout_s=1, ticking="waiting")

    assert done.status == TIMED_OUT
    deadline = time.monotonic() + 10
    while is_alive(int(pids.read_text()), "sleep"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
