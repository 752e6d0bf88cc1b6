"""Databases for the tests of the API, SQLite and PostgreSQL, and services on top of them."""

import shutil

import pytest
from sqlalchemy import create_engine, text

from app.database.connection import Database
from app.database.migrate import migrate
from app.database.tables import metadata
from tests import postgres
from tests.app.site import Site


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


@pytest.fixture(scope="session")
def migrated_postgres_url(postgres_url):
    """Another database of that server, with all tables: tests empty them."""
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE service"))
    engine.dispose()
    url = postgres_url.removesuffix("postgres") + "service"
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database(request):
    """A database with all tables and no rows, of each kind."""
    if request.param == "sqlite":
        found = Database(request.getfixturevalue("sqlite_url"))
    else:
        found = Database(request.getfixturevalue("migrated_postgres_url"))
        with found.writing() as connection:
            for table in metadata.tables:
                connection.execute(text(f"TRUNCATE {table} RESTART IDENTITY CASCADE"))
    yield found
    found.close()


@pytest.fixture
def make_site(sqlite_url, tmp_path):
    made = []

    def make(auth="required", url=sqlite_url):
        made.append(Site(url, tmp_path, auth))
        return made[-1]

    yield make
    for site in made:
        site.journal.close()
        site.database.close()


@pytest.fixture
def site(make_site):
    """A service where everybody has to say who they are."""
    return make_site()


@pytest.fixture
def open_site(make_site):
    """A service that anybody may use."""
    return make_site("open")
