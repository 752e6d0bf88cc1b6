"""Connects to the database at its first use; errors of the database become one that is answered.

SQLAlchemy is imported then and not before: it costs 0.3 s of a worker's start and 20 MB, and a
worker of an open service that only predicts never needs it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.caller import RefusedError
from app.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


class UnavailableError(RefusedError):
    """The database is locked, full, gone or not set up yet: 503, try again."""

    def __init__(self) -> None:
        super().__init__(503, "the database cannot be used at present: try again in some seconds")


class UnusableValueError(RefusedError):
    """The database takes everything else, but not this value: 400."""

    def __init__(self) -> None:
        super().__init__(400, "this cannot be kept: a value is too long, or has a NUL character")


class Database:
    """The database of one process, and its pool of connections."""

    def __init__(self, url: str = Settings.database_url, wait_s: float = 1.0) -> None:
        self.url = url
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @property
    def engine(self) -> "Engine":
        """The engine, made when it is first asked for."""
        with self._lock:
            if self._engine is None:
                from app.database.engine import make_engine  # noqa: PLC0415 - see the module

                self._engine = make_engine(self.url, self._wait_s)
            return self._engine

    @contextmanager
    def reading(self) -> Iterator["Connection"]:
        """Open a transaction that only reads; raises as `writing`."""
        with self._answering(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator["Connection"]:
        """Open a transaction that writes: all of it, or nothing.

        Raises
        ------
        UnavailableError
            It cannot be used now.
        UnusableValueError
            Another time would be no better.
        """
        # SQLite: take the write lock at once, where waiting for it is possible.
        with self._answering(), self.engine.execution_options(immediate=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the pool."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @contextmanager
    def _answering(self) -> Iterator[None]:
        self.engine  # noqa: B018 - the import below is then a look into a dictionary
        from sqlalchemy.exc import (  # noqa: PLC0415
            DataError,
            DBAPIError,
            IntegrityError,
            TimeoutError,  # noqa: A004
        )

        try:
            yield
        except IntegrityError:
            raise
        except DataError as error:
            raise UnusableValueError from error
        except (DBAPIError, TimeoutError) as error:
            raise UnavailableError from error
