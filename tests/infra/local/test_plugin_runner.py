"""The process of a policy pack, as the engine reads it."""

import sys
from pathlib import Path

import psutil
import pytest
from pulumi.runtime.proto import language_pb2

from infra.local.plugin_runner import policy_pack_command, run_plugin

CHECKOUT = Path(__file__).parents[3]
WAITS = """
import os, sys, time
print(1234, flush=True)
print(os.environ["WORD"], os.getpid(), file=sys.stderr, flush=True)
time.sleep(600)
"""


@pytest.fixture
def request_for(tmp_path):
    """A request as the engine makes it, for a pack of one file."""

    def make(program):
        (tmp_path / "__main__.py").write_text(program)
        info = language_pb2.ProgramInfo(program_directory=str(tmp_path))
        return language_pb2.RunPluginRequest(
            pwd=str(tmp_path),
            args=["127.0.0.1:1"],
            env=["WORD=a=b", f"PYTHONPATH={CHECKOUT}"],
            info=info,
            kind="analyzer",
        )

    return make


def test_the_command_is_pulumis_own_runner(request_for):
    """The engine's address goes before the pack's folder; both end with this process."""
    request = request_for("")
    command = policy_pack_command(request)
    assert command[0] == sys.executable
    assert command[-3:] == ["pulumi.policy", "127.0.0.1:1", request.info.program_directory]


def test_output_comes_as_it_is_written_and_the_end_with_the_engines_hanging_up(request_for):
    """The engine waits for the port while the pack goes on running."""
    endings = []
    outputs = run_plugin(request_for(WAITS), endings.append)

    port, words = b"", b""
    # A line may come in pieces.
    while not (port.endswith(b"\n") and words.endswith(b"\n")):
        output = next(outputs)
        port, words = port + output.stdout, words + output.stderr
    (hang_up,) = endings
    hang_up()

    assert port == b"1234\n"
    assert words.startswith(b"a=b ")
    assert [o.exitcode for o in outputs] == [-9]
    assert not psutil.pid_exists(int(words.split()[1]))


def test_a_pack_that_fails_says_so(request_for):
    """Its exit status comes last, after the reason."""
    outputs = list(run_plugin(request_for("raise SystemExit('no rules here')"), lambda _end: None))
    assert b"no rules here" in b"".join(o.stderr for o in outputs)
    assert outputs[-1].exitcode == 1
