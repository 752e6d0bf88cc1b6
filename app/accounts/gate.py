"""Tells callers apart by API key or session; quick, since every prediction comes through here."""

import hmac
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.accounts.cookies import SESSION, cookie
from app.accounts.tokens import digest
from app.caller import ANYONE, SCOPES, Caller, RefusedError
from app.database.connection import UnavailableError
from app.origin import could_be_a_form, is_cross_site, says_its_origin

Kind = Literal["key", "session"]

LIFE_S = 3.0
"""So long an answer of the database is believed: a revoked key works no longer than that."""

MOST_KNOWN = 4096

OPERATOR = Caller(0, frozenset(SCOPES))
"""No user has the number 0."""

NOT_SAID = "say who you are: send an API key as `Authorization: Bearer KEY`, or log in at /login"
NOT_VALID = "this {} is not valid: it is wrong, expired or revoked"


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a credential stands for, and until when, in seconds since 1970."""

    caller: Caller
    expires_at: float


Find = Callable[[Kind, bytes], Found | None]
"""Looks a credential up by its digest; raises UnavailableError."""


class AccountGate:
    """Admits whoever has a valid key or session; with `open` also those who present nothing."""

    def __init__(
        self,
        auth: Literal["open", "required"],
        operator: bytes | None,
        find: Find,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open = auth == "open"
        self._operator = operator
        self._find = find
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[Kind, bytes], tuple[Found, float]] = {}
        self._away_until = 0.0

    def caller(self, environ: Mapping[str, Any], scope: str) -> Caller:
        """Return who sends this request.

        Raises
        ------
        RefusedError
            401: nobody, or a key or session that is not valid. 403: without this scope, or sent by
            another site's page. 503: the database is needed and cannot be asked.
        """
        caller = self._identified(environ)
        if scope not in caller.scopes:
            message = f"this needs the scope {scope}, which you do not have"
            raise RefusedError(403, message)
        return caller

    def _identified(self, environ: Mapping[str, Any]) -> Caller:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if authorization[:7].lower() == "bearer ":
            return self._by_key(authorization[7:].strip())
        if is_cross_site(environ):
            raise RefusedError(403, "a page of another site sent this: it is refused")
        token = cookie(environ, SESSION)
        if token is not None:
            if could_be_a_form(environ) and not says_its_origin(environ):
                raise RefusedError(403, "it cannot be seen which page sent this: use an API key")
            return self._known_or_found("session", digest(token))
        if self._open:
            return ANYONE
        raise RefusedError(401, NOT_SAID)

    def _by_key(self, key: str) -> Caller:
        presented = digest(key)
        if self._operator is not None and hmac.compare_digest(presented, self._operator):
            return OPERATOR
        return self._known_or_found("key", presented)

    def _known_or_found(self, kind: Kind, presented: bytes) -> Caller:
        now = self._clock()
        found, until = self._known.get((kind, presented), (None, 0.0))
        if now >= until:
            found = self._looked_up(kind, presented, found, now)
        if found is None or now >= found.expires_at:
            raise RefusedError(401, NOT_VALID.format(kind))
        return found.caller

    def _looked_up(
        self, kind: Kind, presented: bytes, known: Found | None, now: float
    ) -> Found | None:
        try:
            found = self._asked(kind, presented, now)
        except UnavailableError:
            if known is None:
                raise
            # While the database is away nobody can revoke, and predictions go on.
            found = known
        with self._lock:
            if found is None:
                self._known.pop((kind, presented), None)
            else:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[kind, presented] = found, now + LIFE_S
        return found

    def _asked(self, kind: Kind, presented: bytes, now: float) -> Found | None:
        # To wait for a database that is silent takes seconds, of a thread that is the only one:
        # a guessed key must not cost them each time.
        if now < self._away_until:
            raise UnavailableError
        try:
            return self._find(kind, presented)
        except UnavailableError:
            self._away_until = self._clock() + LIFE_S
            raise
