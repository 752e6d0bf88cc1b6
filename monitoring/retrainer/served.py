"""Finds out whether the API serves a version: by its own figures."""

import time
import urllib.request
from collections.abc import Callable
from typing import Literal

from prometheus_client.parser import text_string_to_metric_families

from app.metrics import MODEL_INFO

TIMEOUT_S = 5.0
EVERY_S = 0.25
REFUSES_AFTER_S = 60.0
"""So long it may answer without the version: it asks the registry every 3 s."""
PATIENCE_S = 120.0
"""So long it may be away."""

Verdict = Literal["served", "not served", "not seen"]


def serves(api_url: str, model: str, version: str) -> bool | None:
    """Return whether the API serves the version now; None: it does not answer."""
    try:
        with urllib.request.urlopen(f"{api_url}/metrics", timeout=TIMEOUT_S) as answer:  # noqa: S310
            families = list(text_string_to_metric_families(answer.read().decode()))
    except (OSError, ValueError):
        return None
    return any(
        sample.labels.get("model") == model and sample.labels.get("version") == version
        for family in families
        if family.name == MODEL_INFO
        for sample in family.samples
    )


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
