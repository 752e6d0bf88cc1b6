"""Sessions: who is logged in, kept on the server, so that logging out ends them."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from app.accounts.cookies import SESSION_S
from app.accounts.tokens import digest, new_token
from app.database.tables import sessions, users


@dataclass(frozen=True)
class Person:
    """Who is logged in."""

    id: int
    name: str
    scopes: frozenset[str]


def begin(connection: Connection, user_id: int, old: str | None, now: float) -> str:
    """Return the token of a new session; the one that was presented before ends."""
    if old is not None:
        end(connection, old)
    token = new_token()
    row = {
        "token_hash": digest(token),
        "user_id": user_id,
        "created_at": now,
        "expires_at": now + SESSION_S,
    }
    connection.execute(insert(sessions), row)
    return token


def end(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.token_hash == digest(token)))


def person(connection: Connection, token: str, now: float) -> Person | None:
    """Return who is logged in with this token."""
    s = sessions.c
    asked = select(users.c.id, users.c.name, users.c.scopes).join_from(users, sessions)
    row = connection.execute(asked.where(s.token_hash == digest(token), s.expires_at > now)).first()
    return Person(row.id, row.name, frozenset(row.scopes.split())) if row else None
