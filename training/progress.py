"""Tells people how far a job is: a bar on a terminal, else lines."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from training.command import say

LINE_EVERY_S = 30.0


@contextmanager
def counting(
    doing: str, total: int | None = None, done: int = 0
) -> Iterator[Callable[[int], None]]:
    """Yield what is called with each number of rows done; standard output stays free."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _line_now_and_then(doing, done)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(doing, total=total, completed=done)
        yield lambda rows: progress.advance(task, rows)


def _line_now_and_then(doing: str, done: int) -> Callable[[int], None]:
    last = time.monotonic()

    def advance(rows: int) -> None:
        nonlocal last, done
        done += rows
        if time.monotonic() - last >= LINE_EVERY_S:
            last = time.monotonic()
            say(f"{doing}: {done:,} rows")

    return advance
