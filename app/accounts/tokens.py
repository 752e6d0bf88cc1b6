"""Makes the secrets that stand for somebody, and what is kept of them."""

import hashlib
import hmac
import secrets
from pathlib import Path

from app.settings import SettingsError

KEY_PREFIX = "mlops_"
"""Makes a key that was published by mistake easy to find."""

SHORTEST_OPERATOR_KEY = 32


def new_token(prefix: str = "") -> str:
    """Return 256 random bits as text."""
    return prefix + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return the SHA-256 of a token: enough for what nobody can guess."""
    return hashlib.sha256(token.encode()).digest()


def form_token(binding: str) -> str:
    """Return what a form of the page must send back: only who has the cookie can tell it."""
    return hmac.new(binding.encode(), b"form", hashlib.sha256).hexdigest()


def operator_digest(path: Path | None) -> bytes | None:
    """Return the digest of the operator's key; None: there is none.

    Raises
    ------
    SettingsError
        The file cannot be read, or its key is too short.
    """
    if path is None:
        return None
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"OPERATOR_KEY_FILE={path}: cannot be read: {error}"
        raise SettingsError(message) from error
    if len(key) < SHORTEST_OPERATOR_KEY:
        message = (
            f"OPERATOR_KEY_FILE={path}: a key of {len(key)} characters: "
            f"at least {SHORTEST_OPERATOR_KEY} are needed"
        )
        raise SettingsError(message)
    return digest(key)
