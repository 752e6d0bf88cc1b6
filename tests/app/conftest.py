"""Databases for the tests of the API: SQLite always, PostgreSQL where its programs are."""

import shutil

import pytest
from sqlalchemy import create_engine, text

from app.database.connection import Database
from app.database.migrate import migrate
from app.database.tables import metadata
from tests import postgres


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """An SQLite file with all tables, made once: tests copy it."""
    path = tmp_path_factory.mktemp("migrated") / "service.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_url():
    """The address of an empty database on a real server."""
    if postgres.binaries() is None:
        pytest.skip("NO POSTGRESQL ON THIS MACHINE: not tested on it; install postgresql")
    with postgres.scratch() as home, postgres.server(home) as url:
        credentials = f"reader:{postgres.PASSWORD}"
        yield url.replace("postgresql://reader", f"postgresql+psycopg://{credentials}")


@pytest.fixture
def sqlite_url(migrated_file, tmp_path):
    shutil.copy(migrated_file, tmp_path / "service.db")
    return f"sqlite:///{tmp_path}/service.db"


@pytest.fixture
def empty_postgres_url(postgres_url):
    """The same server, with nothing in it."""
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
    return postgres_url


@pytest.fixture(params=["sqlite", "postgres"])
def database(request):
    """A database with all tables and no rows, of each kind."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_url")
    else:
        url = request.getfixturevalue("empty_postgres_url")
        migrate(url)
    found = Database(url)
    yield found
    found.close()
