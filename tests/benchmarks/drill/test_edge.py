"""The client that never rests: it counts what failed, and sees when another version answers."""

import io
import time

import numpy as np
from rich.console import Console

from benchmarks.drill.edge import Restless
from benchmarks.drill.timeline import Timeline

ROWS = np.arange(16.0).reshape(2, 8)


class FakeEdge:
    """Answers what it was given, one after another, and the last for ever."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []

    def predict(self, rows):
        self.asked.append(rows)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def rested(*answers):
    """Let a client ask until all answers were given; return it and the edge."""
    edge = FakeEdge(*answers)
    client = Restless(edge, Timeline(Console(file=io.StringIO())), ROWS, pause_s=0.001)
    with client:
        deadline = time.monotonic() + 10
        while len(edge.asked) <= len(answers) and time.monotonic() < deadline:
            time.sleep(0.001)
    return client, edge


def test_whatever_is_no_prediction_is_a_failure():
    """A status, and no answer at all: both are counted and told, and the client goes on."""
    good = (200, {"version": "1"})
    client, edge = rested(good, (502, {"error": "no"}), ConnectionResetError("gone"), good)
    assert client.failures == ["502: {'error': 'no'}", "ConnectionResetError: gone"]
    assert client.sent == len(edge.asked) > 4


def test_versions_are_noted_in_the_order_of_their_answers():
    """A step back is one more change."""
    answers = [(200, {"version": version}) for version in ("1", "1", "2", "2", "1")]
    client, _ = rested(*answers)
    assert client.versions == ["1", "2", "1"]


def test_one_house_is_asked_for_at_a_time():
    """The rows are asked for in turn, each as a request of its own."""
    _, edge = rested((200, {"version": "1"}), (200, {"version": "1"}))
    assert {rows.shape for rows in edge.asked} == {(1, 8)}
    assert {rows[0, 0] for rows in edge.asked} == {0.0, 8.0}
