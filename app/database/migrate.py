"""Brings the database's tables to the form that this code needs.

One transaction holds a lock, looks at the version and applies what is missing: a process that
comes second waits and finds nothing to do, one that is killed has changed nothing.
"""

import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.database.connection import Database

MIGRATIONS = Path(__file__).parent / "migrations"

HEAD = "recent_predictions"
"""The revision of the newest file in `migrations/versions`."""

LOCK = 7_046_029_254
"""PostgreSQL's advisory lock for this; any number that nobody else uses."""

WAIT_S = 60.0


def migrate(url: str) -> None:
    """Apply the migrations that are missing; raises UnavailableError."""
    database = Database(url, WAIT_S)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            if version(connection) != HEAD:
                _upgrade(connection)
        _write_ahead(database)
    finally:
        database.close()


def version(connection: Connection) -> str | None:
    """Return the revision that the database is at; None: it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    # Alembic costs 10 MB and half a second, for a thing that is needed once a release.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _write_ahead(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        return
    connection = database.engine.raw_connection()
    # Readers and one writer at the same time; the file remembers it. Somebody who reads it just
    # now hinders the change: the next start makes it.
    with contextlib.closing(connection), contextlib.suppress(sqlite3.OperationalError):
        connection.cursor().execute("PRAGMA journal_mode = WAL")
