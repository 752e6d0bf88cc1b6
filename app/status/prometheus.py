"""Asks Prometheus over HTTP; a worker waits for it no longer than a moment."""

import http.client
import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.rest import RegistryError, read_whole

LARGEST_ANSWER = 4_000_000


class AwayError(Exception):
    """Prometheus does not answer, or not as it should; the message says how."""


@dataclass(frozen=True)
class Series:
    """One series: its labels, and its values by the second they are of; what is none is None."""

    labels: Mapping[str, str]
    values: Mapping[int, float | None]


class Prometheus:
    """One server; all that one reader asks together takes at most `patience_s`."""

    def __init__(self, url: str, patience_s: float) -> None:
        self.url = url
        self._end = time.monotonic() + patience_s

    def newest(self, expression: str) -> list[Series]:
        """Return the newest value of each series; raises AwayError."""
        return self._asked("query", query=expression)

    def course(self, expression: str, start: int, end: int, step_s: int) -> list[Series]:
        """Return each series' values from `start` to `end`; raises AwayError."""
        span = {"start": str(start), "end": str(end), "step": str(step_s)}
        return self._asked("query_range", query=expression, **span)

    def _asked(self, path: str, **fields: str) -> list[Series]:
        left = self._end - time.monotonic()
        if left <= 0:
            message = "it takes too long"
            raise AwayError(message)
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(fields)}"
        try:
            with urllib.request.urlopen(url, timeout=left) as answer:  # noqa: S310 - http only
                told = json.loads(read_whole(answer, LARGEST_ANSWER, self._end))
                return [_series(found) for found in told["data"]["result"]]
        except urllib.error.HTTPError as error:
            with error:
                message = f"it answered {error.code}"
            raise AwayError(message) from error
        except (OSError, EOFError, http.client.HTTPException, RegistryError) as error:
            message = f"it is not reachable: {getattr(error, 'reason', error)}"
            raise AwayError(message) from error
        except (ValueError, KeyError, TypeError) as error:
            message = "it answered something that is none of its answers"
            raise AwayError(message) from error


def _series(found: Mapping[str, Any]) -> Series:
    pairs = found["values"] if "values" in found else [found["value"]]
    return Series(found["metric"], {int(at): _number(text) for at, text in pairs})


def _number(text: str) -> float | None:
    # Percentiles of no requests are none, and JSON has no infinity.
    value = float(text)
    return value if math.isfinite(value) else None
