"""Who may start a retraining, and when: alerts, the schedule, people."""

from sqlalchemy import Connection

from app.database import retrainings
from app.database.predictions import first_at
from app.database.recent import labelled_count
from app.database.retrainings import Retraining
from monitoring.retrainer.policy import IN_VAIN_S, MOST_PAUSE_S, NEW_ROWS, NEWEST_ROWS, PAUSE_S
from monitoring.retrainer.webhook import Wish
from training.schema import PROBLEMS

SCHEDULE = "schedule"
LEAST_IN_A_ROW = 2
LOOKED_AT = 10


class OtherRecipeError(Exception):
    """One with another recipe runs already."""


def by_alert(connection: Connection, wish: Wish, now: float) -> Retraining | None:
    """Queue what an alert asks for, or join what runs; None when nothing new is known since.

    Alertmanager repeats itself while an alert fires: the same rows would be fitted again.
    """
    if retrainings.unfinished_of(connection, wish.model) is None and not _has_news(
        connection, wish.model, now
    ):
        return None
    return retrainings.queue(connection, wish.model, wish.trigger, now, alert_at=wish.alert_at)


def by_operator(connection: Connection, wish: Wish, now: float) -> Retraining:
    """Queue what a person asks for, or join what runs.

    Raises
    ------
    OtherRecipeError
        A retraining with another recipe has not ended yet.
    """
    queued = retrainings.queue(connection, wish.model, wish.trigger, now, recipe=wish.recipe)
    if wish.recipe is not None and queued.recipe != wish.recipe:
        fits = queued.recipe or "the recipe of the champion"
        message = (
            f"retraining {queued.id} of {wish.model} fits {fits} and has not ended yet: ask again "
            "when it has"
        )
        raise OtherRecipeError(message)
    return queued


def by_schedule(connection: Connection, now: float, every_s: float | None) -> list[Retraining]:
    """Queue the models that are due."""
    return [
        retrainings.queue(connection, model, SCHEDULE, now)
        for model in due(connection, now, every_s)
    ]


def due(connection: Connection, now: float, every_s: float | None) -> list[str]:
    """Return the models whose last retraining, or else first prediction, is so long ago.

    There is none without a schedule: `every_s` is None.
    """
    if every_s is None:
        return []
    return [
        model
        for model in PROBLEMS
        if (since := _waits_since(connection, model)) is not None and now - since >= every_s
    ]


def _waits_since(connection: Connection, model: str) -> float | None:
    last = retrainings.last_asked(connection, model)
    return first_at(connection, model) if last is None else last.at


def _has_news(connection: Connection, model: str, now: float) -> bool:
    if now < _pause_ends(connection, model):
        return False
    last = retrainings.last_judged(connection, model)
    if last is None:
        return True
    since = last.at if last.collected_at is None else last.collected_at
    in_vain = retrainings.alerted_in_vain(connection, model, now - IN_VAIN_S)
    return labelled_count(connection, model, since) >= news_needed(in_vain)


def _pause_ends(connection: Connection, model: str) -> float:
    failed = retrainings.failed_in_a_row(connection, model, LOOKED_AT)
    if len(failed) < LEAST_IN_A_ROW:
        return 0.0
    pause_s = min(PAUSE_S * (1 << len(failed) - 1), MOST_PAUSE_S)
    return (failed[0].ended_at or 0.0) + pause_s


def news_needed(in_vain: int) -> int:
    """Return how many new true values are worth another try, after so many challengers in vain."""
    return min(NEW_ROWS << in_vain, NEWEST_ROWS)
