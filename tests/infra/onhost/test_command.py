"""Commands of the host and their failures."""

import sys

import pytest

from infra.onhost.command import LOG_END_LINES, Failure, run


def python(program):
    return [sys.executable, "-c", program]


def test_what_a_command_printed_comes_back():
    """Bytes that are no text do not end the agent: logs hold such."""
    assert run(python("print('done')"), 30) == "done\n"
    assert "\ufffd" in run(python("import sys; sys.stdout.buffer.write(b'\\xff')"), 30)


def test_a_failure_has_the_last_lines_of_both_outputs():
    """Twenty-five of them: a report stays readable."""
    program = "import sys; print('out'); [print(n, file=sys.stderr) for n in range(99)]; exit(3)"
    with pytest.raises(Failure, match="exit status 3") as failed:
        run(python(program), 30)
    assert failed.value.log_end[-1] == "98"
    assert len(failed.value.log_end) == LOG_END_LINES


def test_a_command_that_does_not_end_is_ended():
    """The message names it and its time."""
    with pytest.raises(Failure, match="did not end within 1 s"):
        run(python("import time; time.sleep(60)"), 1)


def test_a_command_that_is_not_there_is_named():
    """As when Docker was removed by hand."""
    with pytest.raises(Failure, match="no-such-program can't be used: No such file"):
        run(["no-such-program", "--version"], 30)


def test_a_command_reads_nothing():
    """A question that nobody answers would hold the host up."""
    assert run(python("import sys; print(repr(sys.stdin.read()))"), 30) == "''\n"
