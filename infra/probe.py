"""Asks the service for predictions, and waits for the first one."""

import http
import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from app.example import EXAMPLE_BODY
from infra import status
from infra.errors import UserError

POLL_S = 0.5
PROGRESS_S = 30.0
"""Between two lines that tell a person what is waited for."""


@dataclass(frozen=True)
class Answer:
    """What one look at the service found: a prediction, or why there is none."""

    prediction: dict[str, Any] | None = None
    reason: str = ""


class Watched(Protocol):
    """A host that is being waited for."""

    def report(self) -> status.HostStatus | None:
        """Read the host's latest report; None while there is none."""

    def predict(self) -> Answer:
        """Ask for one prediction."""

    def lost(self) -> str:
        """Return why no waiting will help, or nothing."""

    def diagnose(self, *, reported: bool) -> list[str]:
        """Return what else is known of a host that does not answer, a line each."""


def say(text: str) -> None:
    """Tell a person: the engine shows what its providers print."""
    print(text, flush=True)  # noqa: T201


def await_prediction(
    bundle: str,
    timeout_s: float,
    watched: Watched,
    *,
    say: Callable[[str], None] = say,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Wait until the host runs a bundle and a prediction answers.

    Parameters
    ----------
    bundle
        Digest of the bundle that must be in force.
    timeout_s
        Seconds to wait at most.
    watched
        The host.
    say
        Tells a person what is waited for.
    sleep, clock
        The time, in seconds.

    Returns
    -------
    dict
        The answer of `/predict`.

    Raises
    ------
    UserError
        Something failed on the host since the wait began, the host is lost, or the time is over.
    """
    before: int | None = None
    answer, seen = Answer(reason="the service was not asked yet"), None
    begun = told = clock()
    while clock() < begun + timeout_s:
        seen = watched.report()
        if seen is not None:
            # Failures from before this wait are history: the host has tried, or will try, again.
            # A host that took another's place counts from the beginning.
            before = seen.failures if before is None else min(before, seen.failures)
            if seen.failures > before:
                raise UserError(_explain("a service failed on the host", seen))
        else:
            before = 0
        if seen is not None and seen.bundle == bundle:
            answer = watched.predict()
            if answer.prediction is not None:
                return answer.prediction
        if clock() >= told + PROGRESS_S:
            told = clock()
            _refuse_lost(watched, seen)
            passed = f"{told - begun:.0f} of at most {timeout_s:.0f} s"
            say(f"waiting for a prediction, {passed}: {_last_word(bundle, seen, answer)}")
        sleep(POLL_S)
    waited = f"no prediction after {timeout_s:.0f} s ({_last_word(bundle, seen, answer)})"
    raise UserError(_explain(waited, seen, watched.diagnose(reported=seen is not None)))


def _refuse_lost(watched: Watched, seen: status.HostStatus | None) -> None:
    """End the wait for a host that is no more.

    Raises
    ------
    UserError
        It is lost.
    """
    lost = watched.lost()
    if lost:
        raise UserError(_explain(lost, seen, watched.diagnose(reported=seen is not None)))


def _last_word(bundle: str, seen: status.HostStatus | None, answer: Answer) -> str:
    if seen is None:
        return "the host has not reported yet"
    if seen.bundle != bundle:
        return f"the host runs bundle {seen.bundle[:12] or 'none'}, not {bundle[:12]}"
    return answer.reason


def _explain(what: str, seen: status.HostStatus | None, more: list[str] | None = None) -> str:
    lines = [what if seen is None or not seen.reason else f"{what}: {seen.reason}"]
    if seen is not None and seen.log_end:
        lines += ["its log ends with:", *(f"  {line}" for line in seen.log_end)]
    lines += more or []
    lines.append("Mend that and run `pulumi up` again: it continues where this one stopped.")
    return "\n".join(lines)


def own_authority() -> ssl.SSLContext:
    """Return how a service is spoken to whose certificate is by an authority of its own.

    Nothing secret is sent that way, unless it is to this very machine: the caller only wants to
    know whether it answers.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Trust:
    """How the service's address proves that it is the service's.

    Attributes
    ----------
    verified
        By a certificate of its name from a public authority, as any client will demand.
    authority
        By a certificate of the authority whose own (PEM) this is.
    """

    verified: bool = False
    authority: str = ""

    def context(self) -> ssl.SSLContext:
        """Return how it is spoken to."""
        if self.verified:
            return ssl.create_default_context()
        if self.authority:
            return ssl.create_default_context(cadata=self.authority)
        return own_authority()

    def reaches(self, url: str) -> bool:
        """Tell whether nobody else can answer at a URL: a key may go there."""
        return self.verified or bool(self.authority) or urlsplit(url).hostname == "127.0.0.1"


UNKNOWN = Trust()


def ask(url: str, trust: Trust = UNKNOWN, key: str = "", timeout_s: float = 5.0) -> Answer:
    """Send the example of the README to `/predict`, once the service says that it is ready.

    Asked before that, a new stack would show nothing but failed requests. Who can't prove to be
    the service gets no key: that it asks for one is its answer then.

    Parameters
    ----------
    url
        Address of `/predict`.
    trust
        How the address proves that it is the service's.
    key
        A key of the service's, for when it asks who calls.
    timeout_s
        Seconds to wait for the answer.

    Returns
    -------
    Answer
        The prediction, or what came instead of one.
    """
    shown = {"Authorization": f"Bearer {key}"} if key and trust.reaches(url) else {}
    request = urllib.request.Request(  # noqa: S310  # the stack's own output
        url, json.dumps(EXAMPLE_BODY).encode(), {"Content-Type": "application/json", **shown}
    )
    try:
        if waits := _waits(url.removesuffix("/predict") + "/readyz", trust, timeout_s):
            return Answer(reason=waits)
        with urllib.request.urlopen(  # noqa: S310
            request, timeout=timeout_s, context=trust.context()
        ) as response:
            return Answer(prediction=json.load(response))
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.UNAUTHORIZED and key and not shown:
            return Answer(prediction={"answered": "asks for a key, and was shown none"})
        return Answer(reason=f"{url} answered {error.code}: {error.read(300).decode('utf8')}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(reason=f"{url}: {error}{_hint(error) if trust.verified else ''}")


def _waits(url: str, trust: Trust, timeout_s: float) -> str:
    """Return what a service says that is not ready; nothing when it may be asked."""
    try:
        urllib.request.urlopen(url, timeout=timeout_s, context=trust.context()).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            if error.code == http.HTTPStatus.SERVICE_UNAVAILABLE:
                return f"{url} answered {error.code}: {error.read(300).decode('utf8')}"
    return ""


def _hint(error: Exception) -> str:
    """Return what is wrong with a name that people should reach, or nothing."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, socket.gaierror):
        return "; give the name an A record with the stack's output public_ip"
    if isinstance(reason, ssl.SSLError):
        return "; a certificate comes by ACME once the name leads to the stack's output public_ip"
    return ""
