"""Asks the service for predictions, and waits for the first one."""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.example import EXAMPLE_BODY
from infra import status
from infra.errors import UserError

POLL_S = 0.5


@dataclass(frozen=True)
class Answer:
    """What one look at the service found: a prediction, or why there is none."""

    prediction: dict[str, Any] | None = None
    reason: str = ""


def await_prediction(
    bundle: str,
    timeout_s: float,
    report: Callable[[], status.HostStatus | None],
    predict: Callable[[], Answer],
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Wait until the host runs a bundle and a prediction answers.

    Parameters
    ----------
    bundle
        Digest of the bundle that must be in force.
    timeout_s
        Seconds to wait at most.
    report
        Reads the host's latest report; None while there is none.
    predict
        Asks for one prediction.
    sleep
        Waits between two looks.

    Returns
    -------
    dict
        The answer of `/predict`.

    Raises
    ------
    UserError
        Something failed on the host since the wait began, or the time is over.
    """
    before: int | None = None
    answer, seen = Answer(reason="the service was not asked yet"), None
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        seen = report()
        if seen is not None:
            # Failures from before this wait are history: the host has tried, or will try, again.
            before = seen.failures if before is None else before
            if seen.failures > before:
                raise UserError(_explain("a service failed on the host", seen))
        else:
            before = 0
        if seen is not None and seen.bundle == bundle:
            answer = predict()
            if answer.prediction is not None:
                return answer.prediction
        sleep(POLL_S)
    waited = f"no prediction after {timeout_s:.0f} s ({_last_word(bundle, seen, answer)})"
    raise UserError(_explain(waited, seen))


def _last_word(bundle: str, seen: status.HostStatus | None, answer: Answer) -> str:
    if seen is None:
        return "the host has not reported yet"
    if seen.bundle != bundle:
        return f"the host runs bundle {seen.bundle[:12] or 'none'}, not {bundle[:12]}"
    return answer.reason


def _explain(what: str, seen: status.HostStatus | None) -> str:
    lines = [what if seen is None or not seen.reason else f"{what}: {seen.reason}"]
    if seen is not None and seen.log_end:
        lines += ["its log ends with:", *(f"  {line}" for line in seen.log_end)]
    lines.append("Mend that and run `pulumi up` again: it continues where this one stopped.")
    return "\n".join(lines)


def own_authority() -> ssl.SSLContext:
    """Return how a service is spoken to whose certificate is by an authority of its own.

    Nothing secret is sent that way: the caller only wants to know whether it answers.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(url: str, timeout_s: float = 5.0) -> Answer:
    """Send the example of the README to `/predict`.

    Parameters
    ----------
    url
        Address of `/predict`.
    timeout_s
        Seconds to wait for the answer.

    Returns
    -------
    Answer
        The prediction, or what came instead of one.
    """
    request = urllib.request.Request(  # noqa: S310  # the stack's own output
        url, json.dumps(EXAMPLE_BODY).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(  # noqa: S310
            request, timeout=timeout_s, context=own_authority()
        ) as response:
            return Answer(prediction=json.load(response))
    except urllib.error.HTTPError as error:
        return Answer(reason=f"{url} answered {error.code}: {error.read(300).decode('utf8')}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(reason=f"{url}: {error}")
