"""API keys in the database: made, listed and revoked by their owner."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from app.accounts.tokens import KEY_PREFIX, digest, new_token
from app.caller import RefusedError
from app.database.tables import api_keys
from app.instants import iso

MOST_KEYS = 20
DAY_S = 86_400


@dataclass(frozen=True)
class Wish:
    """What a key is to be."""

    label: str
    scopes: frozenset[str]
    days: int


def make(
    connection: Connection, user_id: int, wish: Wish, now: float
) -> tuple[str, dict[str, Any]]:
    """Return a new key, which nobody can find out again, and its description.

    Raises
    ------
    RefusedError
        They have as many as anybody may have.
    """
    counted = select(func.count()).select_from(api_keys).where(api_keys.c.user_id == user_id)
    if (connection.execute(counted).scalar() or 0) >= MOST_KEYS:
        raise RefusedError(409, f"you have {MOST_KEYS} keys: revoke one first")
    key = new_token(KEY_PREFIX)
    row = {
        "user_id": user_id,
        "label": wish.label,
        "token_hash": digest(key),
        "scopes": " ".join(sorted(wish.scopes)),
        "created_at": now,
        "expires_at": now + wish.days * DAY_S,
    }
    made = connection.execute(insert(api_keys).returning(api_keys.c.id), row).scalar_one()
    return key, _shown({"id": made, **row})


def of(connection: Connection, user_id: int) -> list[dict[str, Any]]:
    """Return the descriptions of somebody's keys, the newest first."""
    k = api_keys.c
    asked = select(k.id, k.label, k.scopes, k.created_at, k.expires_at)
    rows = connection.execute(asked.where(k.user_id == user_id).order_by(k.id.desc()))
    return [_shown(dict(row)) for row in rows.mappings()]


def revoke(connection: Connection, user_id: int, key_id: int) -> None:
    """Delete somebody's own key; raises RefusedError."""
    k = api_keys.c
    gone = connection.execute(delete(api_keys).where(k.id == key_id, k.user_id == user_id))
    if gone.rowcount == 0:
        raise RefusedError(404, f"you have no key {key_id}")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "label": row["label"],
        "scopes": row["scopes"].split(),
        "created_at": iso(row["created_at"]),
        "expires_at": iso(row["expires_at"]),
    }
