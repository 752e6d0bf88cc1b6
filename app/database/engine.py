"""Makes SQLAlchemy's engine: what SQLite and PostgreSQL each have to be told."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

POSTGRES_LIMITS_MS = {"statement_timeout": 5_000, "lock_timeout": 1_000}
"""A request that waits for the database holds a thread of its worker meanwhile."""


def make_engine(url: str, wait_s: float) -> Engine:
    """Return an engine that waits `wait_s` for a lock of SQLite's, or for PostgreSQL's host."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, wait_s)
    options = " ".join(f"-c {name}={value}" for name, value in POSTGRES_LIMITS_MS.items())
    return create_engine(
        url,
        pool_size=2,
        max_overflow=3,
        pool_timeout=wait_s,
        pool_pre_ping=True,
        hide_parameters=True,
        # libpq knows whole seconds, and takes 1 for 2.
        connect_args={"connect_timeout": max(2, int(wait_s)), "options": options},
    )


def _sqlite(url: str, wait_s: float) -> Engine:
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url, pool_timeout=wait_s, hide_parameters=True, connect_args={"timeout": wait_s}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3's or a wrapper
    # The driver's own idea of transactions leaves out statements that define tables.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # With a write-ahead log a commit is safe from a crash of the process without a sync.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
