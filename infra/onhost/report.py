"""What the host tells of itself: the same fields as `infra/status.py`, which reads it."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Report:
    """What the host tells of itself."""

    bundle: str = ""
    failures: int = 0
    reason: str = ""
    log_end: list[str] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=dict)
    authority: str = ""


def history(path: Path) -> Report:
    """Return what an agent before this one has told of failures: their number only grows."""
    try:
        told = json.loads(path.read_text())
        return Report("", int(told["failures"]), str(told["reason"]), list(told["log_end"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Report()
