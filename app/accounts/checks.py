"""Pure: what names, passwords, labels, scopes and days may be."""

import re
from collections.abc import Iterable

from app.caller import SCOPES, RefusedError

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,63}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
FEWEST_CHARACTERS = 5
LONGEST_LABEL = 64
MOST_DAYS, DAYS = 365, 90


def checked_name(name: str) -> str:
    """Return a name in the form that is kept; raises RefusedError."""
    found = name.strip().lower()
    if not NAME.fullmatch(found):
        message = (
            "a name has 3 to 64 letters a to z, digits and . _ @ + -, and starts with a letter "
            "or digit"
        )
        raise RefusedError(400, message)
    return found


def checked_password(password: str, name: str) -> str:
    """Return a password that may be set; raises RefusedError."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        raise RefusedError(400, message)
    if password.lower() == name or len(set(password)) < FEWEST_CHARACTERS:
        raise RefusedError(400, "this password is your name, or repeats itself: choose another")
    return password


def checked_label(label: str) -> str:
    """Return what a key is called; raises RefusedError."""
    found = label.strip()
    if not found or len(found) > LONGEST_LABEL or not found.isprintable():
        message = f"a label has 1 to {LONGEST_LABEL} characters that can be seen"
        raise RefusedError(400, message)
    return found


def checked_scopes(scopes: Iterable[str], own: frozenset[str]) -> frozenset[str]:
    """Return scopes that somebody may give to a key; raises RefusedError."""
    found = frozenset(scopes)
    if not found or found - set(SCOPES):
        raise RefusedError(400, f"scopes are one or more of {', '.join(SCOPES)}")
    if found - own:
        message = f"you do not have the scope {', '.join(sorted(found - own))} yourself"
        raise RefusedError(403, message)
    return found


def checked_days(days: object) -> int:
    """Return how long a key is valid; raises RefusedError."""
    text = str(days) if isinstance(days, str | int) and not isinstance(days, bool) else ""
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MOST_DAYS):  # noqa: PLR2004
        raise RefusedError(400, f"days must be a whole number from 1 to {MOST_DAYS}")
    return int(text)
