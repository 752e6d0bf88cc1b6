"""Invitations: whoever has one may register, once."""

from sqlalchemy import Connection, delete, insert

from app.accounts.tokens import digest, new_token
from app.database.tables import invitations

VALID_S = 7 * 86_400


def invite(connection: Connection, made_by: int | None, now: float) -> tuple[str, float]:
    """Return a new invitation, and until when it is valid."""
    token, expires_at = new_token(), now + VALID_S
    row = {
        "token_hash": digest(token),
        "made_by": made_by,
        "created_at": now,
        "expires_at": expires_at,
    }
    connection.execute(insert(invitations), row)
    return token, expires_at


def use(connection: Connection, token: str, now: float) -> bool:
    """Use an invitation up; return whether there was one. Of two at once, one gets it."""
    i = invitations.c
    used = connection.execute(
        delete(invitations).where(i.token_hash == digest(token), i.expires_at > now)
    )
    return used.rowcount == 1
