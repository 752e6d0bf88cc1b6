"""Looks keys and sessions up in the database, for the gate."""

from sqlalchemy import select

from app.accounts.gate import Found, Kind
from app.caller import Caller
from app.database.connection import Database
from app.database.tables import api_keys, sessions, users


def find(database: Database, kind: Kind, presented: bytes) -> Found | None:
    """Return whom a digest stands for; raises UnavailableError."""
    if kind == "key":
        # A key can do no more than its owner, whatever was written into it.
        asked = select(
            users.c.id, users.c.scopes, api_keys.c.scopes.label("narrowed"), api_keys.c.expires_at
        ).join_from(api_keys, users)
        asked = asked.where(api_keys.c.token_hash == presented)
    else:
        asked = select(
            users.c.id, users.c.scopes, users.c.scopes.label("narrowed"), sessions.c.expires_at
        ).join_from(sessions, users)
        asked = asked.where(sessions.c.token_hash == presented)
    with database.reading() as connection:
        row = connection.execute(asked).first()
    if row is None:
        return None
    scopes = frozenset(row.scopes.split()) & frozenset(row.narrowed.split())
    return Found(Caller(row.id, scopes), row.expires_at)
