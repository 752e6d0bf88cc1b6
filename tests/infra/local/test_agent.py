"""Decisions of the machine's agent."""

import pytest

from infra.local.agent import LocalService, due, judge, port_message
from infra.local.supervision import ProgramState


def service(name, *needs, runs="always"):
    return LocalService(
        name,
        ["true"],
        {},
        None,
        "http",
        None,
        list(needs),
        [],
        optional=False,
        runs=runs,
        every_s=None,
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
        ("scheduled", "STOPPED", 0, False, "idle"),
        ("scheduled", "RUNNING", 0, False, "healthy"),
        ("scheduled", "EXITED", 1, False, "idle"),
    ],
)
def test_states(runs, state, exit_status, healthy, expected):
    """What runs always must run, what runs once must end well, a job waits for its time."""
    known = ProgramState(state, 1, exit_status, "")
    assert judge(service("x", runs=runs), known, healthy=healthy) == expected


def test_a_taken_port_is_explained():
    """Port, service and setting are named."""
    message = port_message("mlflow", 1)
    assert "port 1 of mlflow" in message
    assert "ports.mlflow" in message
