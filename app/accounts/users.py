"""Users in the database: made, and looked up to log in."""

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.accounts.invitations import use
from app.caller import SCOPES, RefusedError
from app.database.connection import Database
from app.database.tables import users

FIRST_USER_LOCK = 7_046_029_255
"""PostgreSQL's advisory lock: only one can be the first."""

LATER_SCOPES = ("predict", "feedback", "history")


def register(
    database: Database, name: str, password_hash: str, invitation: str | None, now: float
) -> int:
    """Make a user, the first one with all scopes; return their number.

    `invitation` None: none is needed.

    Raises
    ------
    RefusedError
        403: the invitation is not valid. 409: the name is taken; the invitation stays.
    """
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(FIRST_USER_LOCK)))
            if invitation is not None and not use(connection, invitation, now):
                message = "an invitation is needed: this one is wrong, expired or was used"
                raise RefusedError(403, message)
            first = not connection.execute(select(users.c.id).limit(1)).first()
            made = connection.execute(
                insert(users).returning(users.c.id),
                {
                    "name": name,
                    "password_hash": password_hash,
                    "scopes": " ".join(SCOPES if first else LATER_SCOPES),
                    "created_at": now,
                },
            )
            return int(made.scalar_one())
    except IntegrityError as error:
        raise RefusedError(409, f"the name {name} is taken: choose another") from error


def by_name(connection: Connection, name: str) -> Row[Any] | None:
    """Return a user's row."""
    return connection.execute(select(users).where(users.c.name == name)).first()
