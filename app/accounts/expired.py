"""Removes what has run out: sessions, keys, invitations, old login attempts."""

from sqlalchemy import delete

from app.accounts.throttle import WINDOW_S
from app.database.connection import Database
from app.database.tables import api_keys, invitations, login_attempts, sessions


def forget_expired(database: Database, now: float) -> None:
    """Delete rows that can have no effect any more."""
    with database.writing() as connection:
        for table in (sessions, api_keys, invitations):
            connection.execute(delete(table).where(table.c.expires_at <= now))
        old = login_attempts.c.at < now - WINDOW_S
        connection.execute(delete(login_attempts).where(old))
