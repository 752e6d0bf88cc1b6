"""What the keeper does, step by step: drain, count, prune."""

import logging

from app.accounts.expired import forget_expired
from app.database import feedback, predictions
from app.database.connection import Database, UnavailableError
from app.database.migrate import migrate
from app.keeper.drain import drain
from app.keeper.figures import Figures
from app.settings import Settings
from app.spool import segments

log = logging.getLogger(__name__)

STEP_S = 0.5
DRAIN_S = 2.0
"""A backlog is drained in parts, so that the figures say how much of it is left."""

COUNT_EVERY_S = 3.0
PRUNE_EVERY_S = 600.0
WAIT_S = 5.0
"""For a lock of the database: nobody waits for the keeper."""

DAY_S = 86_400.0


class Keeper:
    """Moves the journal into the database; whatever fails is tried again at the next step."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._journal = settings.journal_dir
        self._database = Database(settings.database_url, WAIT_S)
        self._migrated = False
        self._damaged = 0
        self._count_at = 0.0
        self._prune_at = 0.0
        self._away = False

    def step(self, now: float) -> None:
        """Do what is due; `now` is in seconds since 1970."""
        try:
            if not self._migrated:
                migrate(self._settings.database_url)
                self._migrated = True
            self._damaged += drain(self._journal, self._database, DRAIN_S)
            if now >= self._prune_at:
                self._prune(now)
            if now >= self._count_at:
                self._count(now)
        except (UnavailableError, OSError) as error:
            self._say_away(error.__cause__ or error)
        else:
            self._say_back()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _count(self, now: float) -> None:
        with self._database.reading() as connection:
            live = feedback.live(connection)
        found = [(each.model, each.version, each.rmse, each.rows) for each in live]
        Figures(found, self._damaged).write(self._settings.data_dir)
        self._count_at = now + COUNT_EVERY_S

    def _prune(self, now: float) -> None:
        oldest = now - self._settings.prediction_days * DAY_S
        pruned = predictions.prune(self._database, oldest)
        if pruned:
            log.warning(
                "%d predictions of more than %g days ago were deleted",
                pruned,
                self._settings.prediction_days,
            )
        for path in segments.those_set_aside(self._journal):
            if path.stat().st_mtime < oldest:
                path.unlink()
        forget_expired(self._database, now)
        self._prune_at = now + PRUNE_EVERY_S

    def _say_away(self, why: BaseException) -> None:
        if not self._away:
            self._away = True
            log.error("the database cannot be used; predictions wait in %s: %s", self._journal, why)

    def _say_back(self) -> None:
        if self._away:
            self._away = False
            log.warning("the database can be used again")
