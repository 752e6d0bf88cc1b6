"""What happened when, in seconds since the drill began, told as it happens and at the end."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Event:
    """One line of the timeline."""

    second: float
    name: str
    text: str


class Timeline:
    """The events so far; `clock` counts seconds since 1970, as the loop's own records do."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.time) -> None:
        self.events: list[Event] = []
        self._console, self._clock = console, clock
        self._began = clock()

    def mark(self, name: str, text: str) -> float:
        """Note that something happened now; return the second."""
        event = Event(self._clock() - self._began, name, text)
        self.events.append(event)
        self._console.print(f"{event.second:7.1f} s  {text}", markup=False, soft_wrap=True)
        return event.second

    def second(self, name: str) -> float:
        """Return when the event of this name happened last; raises KeyError."""
        return {event.name: event.second for event in self.events}[name]

    def second_of(self, instant: float) -> float:
        """Return which second of the drill an instant is (seconds since 1970)."""
        return instant - self._began


def summary(figures: dict[str, float]) -> Table:
    """Return the figures as a table for the terminal."""
    table = Table("figure", "value", title="The drill's figures", title_justify="left")
    table.columns[1].justify = "right"
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}")
    return table
