"""What is kept of every prediction: the record, and who takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answered request."""

    id: str
    at: float
    """When it was answered, in seconds since 1970 (UTC)."""
    model: str
    version: str
    run_id: str
    rows: npt.NDArray[np.float64]
    """(rows, columns) in the order of the model's schema."""
    predictions: Sequence[float]
    latency_s: float
    user_id: int | None


class Journal(Protocol):
    """Keeps predictions."""

    def record(self, prediction: Prediction) -> bool:
        """Keep it, so that it survives this process, and return True; False: there is no room."""
        ...


class NoJournal:
    """Keeps nothing."""

    def record(self, prediction: Prediction) -> bool:  # noqa: ARG002
        """Return that it was not kept."""
        return False
