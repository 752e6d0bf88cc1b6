"""Decisions of the machine's agent."""

import subprocess
import sys
from dataclasses import replace

import pytest

from infra.local import processes
from infra.local.agent import LocalService, due, end_leftover, judge, missing_of, port_message
from infra.local.supervision import ProgramState
from tests.ports import free_port


def service(name, *needs, runs="always", command=("true",), optional=False):
    return LocalService(
        name,
        list(command),
        {},
        None,
        "http",
        None,
        list(needs),
        [],
        optional=optional,
        runs=runs,
    )


def test_a_service_starts_once_what_it_needs_answers():
    """Ordered start: health, not mere existence, is what others wait for."""
    services = [service("db"), service("job", "db"), service("api", "job")]
    states = {"db": "starting", "job": "waiting", "api": "waiting"}
    assert due(services, states) == []
    states["db"] = "healthy"
    assert [s.name for s in due(services, states)] == ["job"]
    states["job"] = "done"
    assert [s.name for s in due(services, states)] == ["api"]


@pytest.mark.parametrize(
    ("runs", "state", "exit_status", "healthy", "expected"),
    [
        ("always", "STOPPED", 0, False, "waiting"),
        ("always", "RUNNING", 0, False, "starting"),
        ("always", "RUNNING", 0, True, "healthy"),
        ("always", "BACKOFF", 1, False, "failed"),
        ("always", "EXITED", 0, False, "failed"),
        ("once", "RUNNING", 0, True, "starting"),
        ("once", "EXITED", 0, False, "done"),
        ("once", "EXITED", 2, False, "failed"),
        ("once", "FATAL", 0, False, "failed"),
    ],
)
def test_states(runs, state, exit_status, healthy, expected):
    """What runs always must run, what runs once must end well."""
    known = ProgramState(state, 1, exit_status, "")
    assert judge(service("x", runs=runs), known, healthy=healthy) == expected


def test_who_needs_a_missing_service_is_missing_too():
    """It would wait for ever; whoever needs neither is not concerned."""
    services = [
        service("grafana", optional=True, command=["no-such-program-here"]),
        service("grafana-users", "grafana", runs="once"),
        service("python", optional=True, command=[sys.executable]),
        service("other", "python"),
    ]
    assert missing_of(services) == {"grafana", "grafana-users"}


LISTEN = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), reuse_port=True)
print("listens", flush=True)
time.sleep(60)
"""


def listening(home, port):
    """Start a process of a machine that shares a port."""
    started = subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(port)],
        env=processes.environment(home),
        stdout=subprocess.PIPE,
    )
    assert started.stdout.readline() == b"listens\n"
    return started


def test_workers_of_a_server_that_was_killed_are_ended(tmp_path):
    """They would go on answering with what they were started with; others' stay."""
    port = free_port()
    mine, anew = (listening(tmp_path, port) for _ in range(2))
    another = listening(tmp_path / "other", port)
    try:
        end_leftover(replace(service("api"), port=port), tmp_path, anew.pid)
        assert mine.poll() is not None
        assert anew.poll() is another.poll() is None
    finally:
        for process in (mine, anew, another):
            process.kill()
            process.communicate()


def test_a_taken_port_is_explained():
    """Port, service and setting are named."""
    message = port_message("mlflow", 1)
    assert "port 1 of mlflow" in message
    assert "ports.mlflow" in message
