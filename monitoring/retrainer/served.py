"""Finds out whether the API serves a version: by its own figures."""

import time
from collections.abc import Callable
from typing import Literal

from monitoring.retrainer.api_figures import serves

EVERY_S = 0.25
REFUSES_AFTER_S = 60.0
"""So long it may answer without the version: it asks the registry every 3 s."""
PATIENCE_S = 120.0
"""So long it may be away."""

Verdict = Literal["served", "not served", "not seen"]


def await_served(api_url: str, model: str, version: str) -> Verdict:
    """Wait for the API to serve the version."""
    return watch(lambda: serves(api_url, model, version))


def watch(
    look: Callable[[], bool | None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Verdict:
    """Wait until the version is served, until the API has long answered without, or in vain."""
    end = clock() + PATIENCE_S
    answers_since: float | None = None
    while clock() < end:
        seen = look()
        if seen:
            return "served"
        if seen is None:
            answers_since = None
        elif answers_since is None:
            answers_since = clock()
        elif clock() - answers_since >= REFUSES_AFTER_S:
            return "not served"
        sleep(EVERY_S)
    return "not seen"
