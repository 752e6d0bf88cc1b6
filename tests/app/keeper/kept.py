"""The journal that tests write, and what of it the database has."""

from pathlib import Path

from app.database.predictions import newest
from app.spool.spool import Spool


def journal(folder: Path) -> Spool:
    return Spool(folder, 1 << 24, lambda: None)


def kept(database, user_id=None) -> list[str]:
    with database.reading() as connection:
        return sorted(each.id for each in newest(connection, user_id, 1000, None))
