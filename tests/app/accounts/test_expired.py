"""What has run out is removed, and nothing else."""

from sqlalchemy import func, insert, select

from app.accounts import invitations, keys, sessions, throttle
from app.accounts.cookies import SESSION_S
from app.accounts.expired import forget_expired
from app.database.tables import api_keys, login_attempts, users
from app.database.tables import invitations as invitation_table
from app.database.tables import sessions as session_table

TABLES = (session_table, api_keys, invitation_table, login_attempts)
START = 1000.0


def left(database):
    with database.reading() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar() for table in TABLES
        ]


def test_only_what_has_no_effect_any_more_goes(database):
    """Attempts after their window, sessions after hours, keys and invitations after days."""
    user = {"name": "anna", "password_hash": "x", "scopes": "predict", "created_at": START}
    with database.writing() as connection:
        made = connection.execute(insert(users).returning(users.c.id), user).scalar_one()
        sessions.begin(connection, made, None, START)
        keys.make(connection, made, keys.Wish("a key", frozenset({"predict"}), 1), START)
        invitations.invite(connection, None, START)
        throttle.attempt(connection, {"name:anna": 10}, START)
    forget_expired(database, START + throttle.WINDOW_S)
    assert left(database) == [1, 1, 1, 1]
    forget_expired(database, START + throttle.WINDOW_S + 1)
    assert left(database) == [1, 1, 1, 0]
    forget_expired(database, START + SESSION_S)
    assert left(database) == [0, 1, 1, 0]
    forget_expired(database, START + 86_400)
    assert left(database) == [0, 0, 1, 0]
    forget_expired(database, START + invitations.VALID_S)
    assert left(database) == [0, 0, 0, 0]
