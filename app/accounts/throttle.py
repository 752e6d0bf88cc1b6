"""Limits how often somebody may try: counted in the database, so for all workers together."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, insert, select

from app.database.tables import login_attempts

WINDOW_S = 900.0

LOGINS_A_NAME = 10
LOGINS_AN_ADDRESS = 50
REGISTRATIONS_AN_ADDRESS = 20
"""Within the window; passwords of 12 characters are not found at this rate."""


def attempt(connection: Connection, limits: Mapping[str, int], now: float) -> bool:
    """Count an attempt for each subject; return whether every one is within its limit.

    To be called in a transaction of its own that writes: attempts for one subject then come one
    after the other, and of many at the same moment no more pass than of many in a row. One that is
    refused is not counted: who waits for the window gets in again.
    """
    if connection.dialect.name == "postgresql":
        # SQLite has one writer at a time anyway. Sorted, so that no two wait for each other.
        for subject in sorted(limits):
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(subject))))
    for subject, limit in limits.items():
        recent = login_attempts.c.subject == subject, login_attempts.c.at > now - WINDOW_S
        counted = select(func.count()).select_from(login_attempts).where(*recent)
        if (connection.execute(counted).scalar() or 0) >= limit:
            return False
    rows = [{"subject": subject, "at": now} for subject in limits]
    connection.execute(insert(login_attempts), rows)
    return True


def forgive(connection: Connection, subject: str) -> None:
    """Forget a subject's attempts: the right password was among them."""
    connection.execute(delete(login_attempts).where(login_attempts.c.subject == subject))
