"""The migrations: they make the tables, once, whoever comes first."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.database.connection import Database, UnavailableError
from app.database.migrate import HEAD, MIGRATIONS, migrate, version
from app.database.tables import metadata


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/service.db"
    return request.getfixturevalue("empty_postgres_url")


def test_migrations_make_exactly_the_tables(database):
    """Alembic finds no difference between a migrated database and the tables of the code."""
    with database.reading() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) - {"alembic_version"} == set(
            metadata.tables
        )


def test_head_is_the_newest_migration():
    """The revision that code compares with is the end of the one chain of files."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_workers_that_start_at_once_migrate_once(empty_url):
    """Of several that start together each ends with a complete database and no error."""
    done = []

    def start():
        migrate(empty_url)
        done.append(True)

    starting = [threading.Thread(target=start) for _ in range(4)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert len(done) == 4
    database = Database(empty_url)
    with database.reading() as connection:
        assert version(connection) == HEAD
    database.close()


def test_failed_migration_changes_nothing(empty_url):
    """A step that fails in its middle leaves no table behind, so that it can be tried again."""
    database = Database(empty_url)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE predictions (id integer)"))
    with pytest.raises(UnavailableError):
        migrate(empty_url)
    with database.writing() as connection:
        assert set(inspect(connection).get_table_names()) == {"predictions"}
        connection.execute(text("DROP TABLE predictions"))
    migrate(empty_url)
    with database.reading() as connection:
        assert version(connection) == HEAD
    database.close()


def test_sqlite_is_set_up_for_several_processes(sqlite_url):
    """A write-ahead log, foreign keys, and some waiting for a lock."""
    database = Database(sqlite_url, wait_s=0.7)
    with database.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 700}


def test_database_that_is_gone_is_one_clear_error(tmp_path):
    """A folder that cannot be opened, a server that does not answer: 503 and not a trace."""
    (tmp_path / "service.db").mkdir()
    for url in (f"sqlite:///{tmp_path}/service.db", "postgresql+psycopg://a@127.0.0.1:1/a"):
        database = Database(url)
        with pytest.raises(UnavailableError) as refused, database.reading():
            pass
        assert refused.value.status == 503
        database.close()
