"""Only the stack's own processes are found and ended."""

import socket
import subprocess
import sys

import psutil
import pytest

from infra.local import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper(tmp_path):
    process = subprocess.Popen(SLEEP, env=processes.environment(tmp_path))
    yield process
    process.kill()
    process.wait()


def test_a_process_is_found_by_its_mark(sleeper, tmp_path):
    """Another folder's processes are not this one's."""
    assert [p.pid for p in processes.owned(tmp_path)] == [sleeper.pid]
    assert list(processes.owned(tmp_path / "other")) == []


def test_end_waits_until_they_are_gone(sleeper):
    """After it, nothing is left to hold a port."""
    processes.end([psutil.Process(sleeper.pid)])
    assert sleeper.poll() is not None


def test_every_worker_that_listens_is_found():
    """Workers share a port: each has a socket of its own."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as one:
        port = one.getsockname()[1]
        with socket.create_server(("127.0.0.1", port), reuse_port=True):
            assert [p.pid for p in processes.listeners(port)] == [psutil.Process().pid] * 2
    assert list(processes.listeners(port)) == []


def test_a_tree_has_what_was_started(sleeper):
    """A process that is gone has none."""
    assert sleeper.pid in processes.tree(psutil.Process().pid)
    sleeper.kill()
    sleeper.wait()
    assert processes.tree(sleeper.pid) == set()


def test_who_listens_is_named():
    """A message can say which process holds a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not processes.is_free(port)
        assert processes.listener(port).pid == psutil.Process().pid
        assert str(psutil.Process().pid) in processes.describe_listener(port)
    assert processes.is_free(port)
