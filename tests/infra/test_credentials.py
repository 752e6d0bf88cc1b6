"""Generated passwords."""

import bcrypt

from infra import credentials
from infra.credentials import OPERATOR, _Generator, login_line, pgpass


def drawn():
    return _Generator().create({}).outs


def test_the_hash_fits_the_password():
    """Caddy compares them; a check costs what one request may cost."""
    made = drawn()
    assert bcrypt.checkpw(made["value"].encode(), made["bcrypt_hash"].encode())
    assert not bcrypt.checkpw(b"admin", made["bcrypt_hash"].encode())
    assert int(made["bcrypt_hash"].split("$")[2]) == credentials.BCRYPT_COST


def test_no_two_passwords_are_alike_and_each_is_long():
    """192 bits of the system's randomness, in signs that no file or URL must escape."""
    values = {drawn()["value"] for _ in range(5)}
    assert len(values) == 5
    assert all(len(value) == 32 for value in values)
    assert all(set(value) <= set(_SIGNS) for value in values)


def test_a_password_fits_into_what_bcrypt_looks_at():
    """It ignores all beyond 72 bytes."""
    assert len(drawn()["value"]) < 72


def test_what_was_drawn_is_kept():
    """Neither new program text nor new inputs draw another."""
    made = drawn()
    generator = _Generator()
    assert generator.diff("password", made, {"value": None}).changes is False
    kept = generator.update("password", {**made, "__provider": "old"}, {"__provider": "new"}).outs
    assert kept == made


def test_files_of_the_host_have_the_form_that_their_readers_know():
    """Caddy's basic_auth and libpq's password file."""
    assert login_line("$2b$10$abc") == f"{OPERATOR} $2b$10$abc"
    assert pgpass("p") == "postgres:5432:*:mlflow:p"


_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
