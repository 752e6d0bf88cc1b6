"""What the API tells of itself in its figures."""

import urllib.request
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from app.metrics import MODEL_INFO, VIOLATIONS

TIMEOUT_S = 5.0


def serves(api_url: str, model: str, version: str) -> bool | None:
    """Return whether the API serves the version now; None: it does not answer."""
    try:
        told = list(_samples(api_url, MODEL_INFO))
    except (OSError, ValueError):
        return None
    return any(
        sample.labels.get("model") == model and sample.labels.get("version") == version
        for sample in told
    )


def violations(api_url: str) -> dict[str, float] | None:
    """Return how many predictions were refused for a value, by column; None as above."""
    try:
        return {sample.labels["column"]: sample.value for sample in _samples(api_url, VIOLATIONS)}
    except (OSError, ValueError):
        return None


def _samples(api_url: str, name: str) -> Iterator[Sample]:
    with urllib.request.urlopen(f"{api_url}/metrics", timeout=TIMEOUT_S) as answer:  # noqa: S310
        text = answer.read().decode()
    for family in text_string_to_metric_families(text):
        yield from (sample for sample in family.samples if sample.name == name)
