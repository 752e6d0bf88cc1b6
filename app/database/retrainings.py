"""Retrainings in the database: queued, followed from stage to stage, and kept as history.

What runs them may die at any moment: all that is known of one stands here, and whoever comes next
goes on from it.
"""

import itertools
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select, update

from app.database.tables import retrainings
from app.database.upsert import insert_if_new

QUEUED, COLLECTING, FITTING, JUDGING = "queued", "collecting", "fitting", "judging"
REPLAYING, PROMOTING, CONFIRMING, ENDED = "replaying", "promoting", "confirming", "ended"
STAGES = (QUEUED, COLLECTING, FITTING, JUDGING, REPLAYING, PROMOTING, CONFIRMING, ENDED)

PROMOTED, REFUSED, FAILED = "promoted", "refused", "failed"
OUTCOMES = (PROMOTED, REFUSED, FAILED)

AND = " + "
"""Between the names of what asked for one retraining."""
TRIGGER_CHARACTERS = 300
REASON_CHARACTERS = 1_000


@dataclass(frozen=True)
class Retraining:
    """One retraining; times are seconds since 1970.

    Attributes
    ----------
    at
        When it was asked for.
    alert_at
        When the alert began that asked for it; None: no alert did.
    recipe
        What the operator wants to be fitted; None: the champion's own.
    tries
        How often it was begun.
    collected_at, labelled
        When its rows were read, and how many they were.
    version
        The challenger, as soon as it is registered.
    experiment_id, run_id
        Its run in MLflow.
    served_at
        When the API was first seen to serve the version.
    reason
        Why it ended so; before that, what interrupted it last.
    """

    id: int
    model: str
    at: float
    trigger: str
    alert_at: float | None
    recipe: str | None
    tries: int
    stage: str
    collected_at: float | None
    labelled: int | None
    version: str | None
    experiment_id: str | None
    run_id: str | None
    served_at: float | None
    ended_at: float | None
    outcome: str | None
    reason: str


@dataclass(frozen=True)
class Tally:
    """How many of a model's retrainings ended so, and the last one of them."""

    model: str
    outcome: str
    count: int
    last: Retraining


def queue(
    connection: Connection,
    model: str,
    trigger: str,
    at: float,
    *,
    alert_at: float | None = None,
    recipe: str | None = None,
) -> Retraining:
    """Add a retraining, or let the trigger join the model's own that has not ended yet."""
    row = {
        "model": model,
        "at": at,
        "alert_at": alert_at,
        "recipe": recipe,
        "trigger": trigger[:TRIGGER_CHARACTERS],
        "tries": 0,
        "stage": QUEUED,
        "reason": "",
    }
    inserted = insert_if_new(connection, retrainings).values(row).returning(retrainings.c.id)
    while (added := connection.execute(inserted).scalar()) is None:
        # The other may end just now: then this one is added after all.
        if (running := unfinished_of(connection, model)) is not None:
            return _join(connection, running, trigger, alert_at)
    return one(connection, added)


def _join(
    connection: Connection, running: Retraining, trigger: str, alert_at: float | None
) -> Retraining:
    joined: dict[str, Any] = {}
    known = running.trigger.split(AND)
    # Several alerts may come as one.
    if new := [each for each in trigger.split(AND) if each not in known]:
        joined["trigger"] = AND.join([*known, *new])[:TRIGGER_CHARACTERS]
    if running.alert_at is None and alert_at is not None:
        joined["alert_at"] = alert_at
    if joined:
        _change(connection, running.id, joined)
    return one(connection, running.id)


def begin(connection: Connection, number: int, stage: str) -> None:
    """Count one more try, which starts at `stage`."""
    begun = {"tries": retrainings.c.tries + 1, "stage": stage, "reason": ""}
    _change(connection, number, begun)


def step(connection: Connection, number: int, stage: str | None = None, **found: object) -> None:
    """Note the stage that begins, if one does, and what was found: columns of the table."""
    _change(connection, number, found if stage is None else {"stage": stage, **found})


def interrupted(connection: Connection, number: int, reason: str) -> None:
    """Note what interrupted it: it is to be tried again."""
    _change(connection, number, {"reason": reason[:REASON_CHARACTERS]})


def end(connection: Connection, number: int, outcome: str, reason: str, at: float) -> None:
    """Note how it ended; what has ended before keeps its end."""
    ended = {"stage": ENDED, "outcome": outcome, "ended_at": at}
    _change(connection, number, {**ended, "reason": reason[:REASON_CHARACTERS]})


def _change(connection: Connection, number: int, values: dict[str, Any]) -> None:
    r = retrainings.c
    connection.execute(update(retrainings).where(r.id == number, r.stage != ENDED).values(values))


def one(connection: Connection, number: int) -> Retraining:
    """Return the retraining of that number; raises sqlalchemy.exc.NoResultFound."""
    return _of(connection.execute(select(retrainings).where(retrainings.c.id == number)).one())


def newest(connection: Connection, limit: int) -> list[Retraining]:
    """Return the last retrainings, the newest first, whether ended or not."""
    return _all(connection, select(retrainings).order_by(retrainings.c.id.desc()).limit(limit))


def unfinished(connection: Connection) -> list[Retraining]:
    """Return those that have not ended: begun ones before queued ones, the oldest first."""
    r = retrainings.c
    waiting = case((r.tries == 0, 1), else_=0)
    return _all(connection, select(retrainings).where(r.stage != ENDED).order_by(waiting, r.id))


def unfinished_of(connection: Connection, model: str) -> Retraining | None:
    """Return the model's own that has not ended."""
    return next((each for each in unfinished(connection) if each.model == model), None)


def last_judged(connection: Connection, model: str) -> Retraining | None:
    """Return the model's last retraining that found out what its rows are good for.

    It was promoted or refused, or its challenger was made and then could not go live. What failed
    before has learnt nothing from them.
    """
    r = retrainings.c
    # A recipe that a person wanted says nothing about what the champion's own would make of them.
    own = and_(r.outcome == REFUSED, r.recipe.is_(None))
    judged = or_(r.outcome == PROMOTED, own, and_(r.version.is_not(None), r.recipe.is_(None)))
    asked = select(retrainings).where(r.model == model, r.stage == ENDED, judged)
    found = connection.execute(asked.order_by(r.id.desc()).limit(1)).first()
    return None if found is None else _of(found)


def failed_in_a_row(connection: Connection, model: str, most: int) -> list[Retraining]:
    """Return the model's last retrainings, the newest first, that made no challenger at all."""
    r = retrainings.c
    asked = select(retrainings).where(r.model == model, r.stage == ENDED)
    found = _all(connection, asked.order_by(r.id.desc()).limit(most))
    made_none = itertools.takewhile(lambda one: one.outcome == FAILED and not one.version, found)
    return list(made_none)


def alerted_in_vain(connection: Connection, model: str, after: float) -> int:
    """Count the model's challengers that alerts asked for, and none of which went live.

    Of those that were asked for after that moment, and since the last promotion.
    """
    r = retrainings.c
    promoted = select(func.max(r.id)).where(r.model == model, r.outcome == PROMOTED)
    asked = select(func.count()).where(
        *(r.model == model, r.stage == ENDED, r.version.is_not(None)),
        *(r.alert_at.is_not(None), r.at > after),
        r.id > func.coalesce(promoted.scalar_subquery(), 0),
    )
    count: int = connection.execute(asked).scalar_one()
    return count


def last_asked(connection: Connection, model: str) -> Retraining | None:
    """Return the model's newest retraining, ended or not."""
    r = retrainings.c
    asked = select(retrainings).where(r.model == model).order_by(r.id.desc()).limit(1)
    found = connection.execute(asked).first()
    return None if found is None else _of(found)


def tallies(connection: Connection) -> list[Tally]:
    """Return how the retrainings of each model ended, by model and outcome."""
    r = retrainings.c
    counted = (
        select(func.count(r.id).label("ended"), func.max(r.id).label("last"))
        .where(r.stage == ENDED)
        .group_by(r.model, r.outcome)
        .subquery()
    )
    asked = select(retrainings, counted.c.ended).join(counted, r.id == counted.c.last)
    rows = connection.execute(asked.order_by(r.model, r.outcome)).all()
    return [Tally(row.model, row.outcome, row.ended, _of(row[:-1])) for row in rows]


def _all(connection: Connection, asked: Any) -> list[Retraining]:  # noqa: ANN401 - Select
    return [_of(row) for row in connection.execute(asked)]


def _of(row: Any) -> Retraining:  # noqa: ANN401 - a row, or a part of one
    return Retraining(*row)
