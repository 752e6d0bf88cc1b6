"""Extraction from a PostgreSQL query, on a real server."""

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import postgres
from tests.training import houses
from training.data import read_housing
from training.errors import TrainingError
from training.extract import extract, main
from training.origins import origin
from training.parts import PartsFolder
from training.schema import STATLIB_COLUMNS
from training.storage import locate


def folder(path):
    return PartsFolder(locate(str(path)))


@pytest.fixture(scope="module")
def database():
    if postgres.binaries() is None:
        pytest.skip("NO POSTGRESQL ON THIS MACHINE: its query is not tested; install postgresql")
    with postgres.scratch() as home, postgres.server(home) as url:
        yield url


@pytest.fixture
def rows(database, monkeypatch):
    """A table of houses with a growing id; call it with houses to add."""
    monkeypatch.setenv("PGPASSWORD", postgres.PASSWORD)
    with psycopg.connect(database, autocommit=True) as connection:
        names = STATLIB_COLUMNS
        columns = ", ".join(f"{name} double precision" for name in names)
        connection.execute("DROP TABLE IF EXISTS houses")
        connection.execute(
            f"CREATE TABLE houses (id bigint GENERATED ALWAYS AS IDENTITY, note text, {columns})"
        )

        def add(table):
            into = f"COPY houses ({', '.join(names)}) FROM STDIN (FORMAT csv, HEADER)"
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                copy.write(houses.csv(table))

        yield add


def test_query_takes_only_rows_after_the_last(database, rows, tmp_path):
    """With a cursor column each run takes what came since; the values are exactly the table's."""
    rows(houses.table(200))
    asked = origin(database, "SELECT * FROM houses; ", "id")
    assert extract(asked, folder(tmp_path))["new_rows"] == 200
    assert extract(asked, folder(tmp_path))["new_rows"] == 0
    rows(houses.table(120, seed=1))
    assert extract(asked, folder(tmp_path))["rows"] == 320
    expected = tmp_path / "all.parquet"
    both = [houses.table(200), houses.table(120, seed=1)]
    pq.write_table(pa.concat_tables(both), expected)
    assert (
        read_housing(locate(str(tmp_path))).content_hash()
        == read_housing(locate(str(expected))).content_hash()
    )


def test_query_without_a_cursor_is_taken_anew_when_it_changed(database, rows, tmp_path):
    """Without a cursor column the result replaces the one before, if it is another one."""
    rows(houses.table(200))
    asked = origin(database, "SELECT * FROM houses WHERE households > 0 -- all", None)
    assert extract(asked, folder(tmp_path))["new_rows"] == 200
    assert extract(asked, folder(tmp_path))["new_rows"] == 0
    rows(houses.table(100, seed=1))
    assert extract(asked, folder(tmp_path))["rows"] == 300


@pytest.mark.parametrize(
    ("query", "cursor", "message"),
    [
        ("SELECT * FROM nowhere", None, 'PostgreSQL says: relation "nowhere" does not exist'),
        ("SELECT * FROM houses", "absent", 'PostgreSQL says: column "absent" does not exist'),
        ("SELECT id FROM houses", None, "column .* is missing"),
        ("DELETE FROM houses RETURNING *", None, "PostgreSQL says: "),
        ("SELECT * FROM houses", "note", "cursor column note has rows without a value"),
    ],
)
def test_query_that_cannot_be_taken_is_explained(database, rows, tmp_path, query, cursor, message):
    """What PostgreSQL says is told in a sentence, and nothing is written, there or here."""
    rows(houses.table(100))
    with pytest.raises(TrainingError, match=message):
        extract(origin(database, query, cursor), folder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_wrong_password_is_not_shown(database, tmp_path, monkeypatch, capsys):
    """A refused password ends with a sentence that has the server in it and not the password."""
    monkeypatch.setenv("PGPASSWORD", "not-the-password")
    arguments = ["--from", database, "--query", "SELECT 1", "--to", str(tmp_path)]
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert "password authentication failed" in told
    assert "not-the-password" not in told
    assert "Traceback" not in told
