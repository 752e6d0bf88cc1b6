"""Hashes passwords with argon2id, and takes as long for somebody who does not exist."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# The least that OWASP's cheat sheet on password storage names: 19 MiB, two passes, one lane.
# More memory would be every worker's while somebody logs in.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return HASHER.hash(password)


def verified(password: str, kept: str | None) -> bool:
    """Return whether this is the password; `kept` None: there is no such user."""
    try:
        HASHER.verify(kept or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _nobody() -> str:
    return hashed("the password of nobody")
