"""Pure: what the page is told, made from what Prometheus and the database answered."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from app.instants import iso
from app.status import queries
from app.status.prometheus import Series

if TYPE_CHECKING:
    from app.database.retrainings import Retraining

Json = dict[str, Any]

NOW_FIGURES = (queries.REQUESTS_S, queries.ERROR_SHARE, queries.P99)


def services(now: Sequence[Series]) -> list[Json]:
    """Return which services answer, the edge first."""
    found = {each.labels["job"]: _last(each) for each in _of(now, queries.UP)}
    ordered = sorted(found, key=lambda name: (name != "edge", name))
    return [{"name": name, "up": found[name] == 1} for name in ordered]


def newest(now: Sequence[Series]) -> dict[str, float | None]:
    """Return the figures of this moment; None: there is none, as of no requests."""
    return {name: only(list(_of(now, name))) for name in NOW_FIGURES}


def courses(found: Sequence[Series], at: Sequence[int]) -> Json:
    """Return each figure's values at these seconds, and the PSI of each feature."""
    named = {
        name: next((_at(each, at) for each in _of(found, name)), [None] * len(at))
        for name in queries.COURSE
    }
    psi = {each.labels["feature"]: _at(each, at) for each in _of(found, queries.PSI)}
    return {"at": list(at), **named, queries.PSI: dict(sorted(psi.items()))}


def retraining(row: "Retraining", now: float) -> Json:
    """Return one line of the history."""
    end = row.ended_at
    return {
        "id": row.id,
        "at": iso(row.at),
        "model": row.model,
        "trigger": row.trigger,
        "stage": row.stage,
        "outcome": row.outcome,
        "reason": row.reason,
        "seconds": round((now if end is None else end) - row.at, 1),
        "version": row.version,
    }


def only(found: Sequence[Series]) -> float | None:
    """Return the value of a question with one answer."""
    return next(map(_last, found), None)


def _of(found: Iterable[Series], figure: str) -> Iterable[Series]:
    return (each for each in found if each.labels.get("figure") == figure)


def _at(series: Series, at: Sequence[int]) -> list[float | None]:
    return [series.values.get(second) for second in at]


def _last(series: Series) -> float | None:
    return series.values[max(series.values)]
