"""The timeline: seconds since the drill began, and the figures made of them."""

import io

import pytest
from rich.console import Console

from benchmarks.drill.timeline import Timeline, summary
from benchmarks.drill.world import DrillError, expect, until


def timeline(*instants):
    """A timeline that begins at the first instant, and its console's text."""
    text = io.StringIO()
    clock = iter(instants)
    return Timeline(Console(file=text, width=80), lambda: next(clock)), text


def test_events_are_told_in_seconds_as_they_happen():
    """Each line has its second, whatever is in its text."""
    told, text = timeline(100.0, 101.5, 163.25)
    told.mark("up", "the stack is up")
    told.mark("alert", "alert: [FeatureDrift] fires")
    assert text.getvalue().splitlines() == [
        "    1.5 s  the stack is up",
        "   63.2 s  alert: [FeatureDrift] fires",
    ]
    assert [event.name for event in told.events] == ["up", "alert"]


def test_instants_of_the_loop_become_seconds_of_the_drill():
    """An alert's own beginning is compared with what the drill saw; the last of a name counts."""
    told, _ = timeline(100.0, 101.0, 130.0)
    told.mark("served 2", "version 2 answers")
    told.mark("served 2", "version 2 answers")
    assert told.second("served 2") - told.second_of(110.0) == 20.0
    with pytest.raises(KeyError):
        told.second("served 3")


def test_the_figures_are_a_table():
    """Each has its line."""
    text = io.StringIO()
    Console(file=text, width=80).print(summary({"drift: alert to served, s": 31.25}))
    assert "drift: alert to served, s" in text.getvalue()
    assert "31.25" in text.getvalue()


def test_what_does_not_come_is_told_with_its_limit():
    """A drill ends with what it waited for, and not at some later point."""
    with pytest.raises(DrillError, match="not within 0 s: an alert fires"):
        until(lambda: None, "an alert fires", 0)
    assert until(lambda: 0.0, "a value that is false", 0) == 0.0
    with pytest.raises(DrillError, match="no alert"):
        expect([], "no alert")
