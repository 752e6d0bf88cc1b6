"""The drill: drift, a bad challenger, a boom and a unit bug, each with what must come of it."""

import functools
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from app.database.retrainings import ENDED, PROMOTED, REFUSED, Retraining
from app.loop_limits import DRIFTED_AT_ONCE, WINDOW_ROWS
from app.loop_metrics import DRIFT_ROWS, DRIFTED_FEATURES
from benchmarks.drill import scenarios
from benchmarks.drill.edge import Answer, Edge, Restless
from benchmarks.drill.scenarios import Batch, Plan
from benchmarks.drill.timeline import Timeline
from benchmarks.drill.world import (
    NAME,
    RETRAINS,
    DrillError,
    World,
    evaluated,
    expect,
    firing,
    until,
    value,
)
from training.champion import Version
from training.evaluate import rmse

PACE_S = 1.0
"""Between two batches: a day of traffic, say."""
ALERT_S = 100
"""Drift is measured every 10 s, scraped and judged every 15 s; a live error must stay for 30 s."""
RETRAINED_S = 120
FOLLOWED_S = 20
WRONG_ROWS = 25
TAKEN = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED)


@dataclass
class Drill:
    """A drill on a stack that is up."""

    world: World
    edge: Edge
    plan: Plan
    source: Literal["published", "generated"]
    timeline: Timeline
    client: Restless
    figures: dict[str, float] = field(default_factory=dict)

    def normal(self) -> None:
        """Send more of the same: nothing may be raised."""
        self.send(self.plan.normal, "normal")
        seen = self.evaluations(2)
        rows = until(self.measured, f"{DRIFT_ROWS} in Prometheus", ALERT_S)
        # Rules ask for what was scraped by then.
        seen += self.evaluations(1)
        wrong = [name for names in seen for name in names if name in RETRAINS]
        expect(not wrong, f"normal traffic raised {wrong}")
        expect(not self.world.retrainings(), "normal traffic started a retraining")
        self.timeline.mark("quiet", f"no alarm: {rows:.0f} rows were judged, {len(seen)} times")

    def expansion(self) -> None:
        """Send more and more from inland: the loop must notice, learn, and serve it."""
        before = self.world.champion()
        self.timeline.mark("drift", "traffic begins to drift: the business expands inland")
        known = len(self.world.retrainings())
        self.send(self.plan.expansion, "drifting")
        _, after = self.retrained("drift", known, before, RETRAINS)
        answers = [self.send_one(batch) for batch in self.plan.expanded]
        ratio = self.recovered(before, after, self.plan.expanded, answers)
        limit = scenarios.RECOVERED[self.source]
        expect(
            ratio <= limit, f"the new model's RMSE is {ratio:.2f} of the frozen one's: > {limit}"
        )
        self.figures["drift: retrained RMSE / frozen RMSE"] = ratio

    def bad_challenger(self) -> None:
        """Ask for a straight line, as an operator may: it must change nothing."""
        self.idle()
        before, known = self.world.champion(), self.world.retrainings()
        status, said = self.edge.retrain(NAME, recipe="linear")
        expect(status in TAKEN, f"asking for a retraining was answered {status}: {said}")
        self.timeline.mark("asked", "the operator asks for a linear model")
        done = self.ended(len(known), "linear")
        expect(done.outcome == REFUSED, f"the linear model was {done.outcome}: {done.reason}")
        self.timeline.mark("linear refused", done.reason)
        expect(self.world.champion() == before, "a refused challenger moved the alias")
        self.unmoved(before)

    def boom(self) -> None:
        """Change prices and not houses: only feedback can tell."""
        self.idle()
        self.quiet()
        before = self.world.champion()
        self.timeline.mark("boom", "prices in the south rise, nothing else changes")
        known = len(self.world.retrainings())
        self.send(self.plan.boom, "boom")
        done, after = self.retrained("boom", known, before, ("LiveRmseHigh",))
        expect("FeatureDrift" not in done.trigger, f"drift was claimed: {done.trigger}")
        answers = [self.send_one(batch) for batch in self.plan.boomed]
        ratio = self.recovered(before, after, self.plan.boomed, answers)
        expect(ratio < 1, f"after the boom the new model is no better: {ratio:.2f}")
        self.figures["boom: retrained RMSE / frozen RMSE"] = ratio

    def unit_bug(self) -> None:
        """Mix up units: refused at the door, by column, and nothing is learnt of it."""
        self.idle()
        before, known = self.world.champion(), len(self.world.retrainings())
        counted, refused = self.world.violations(), 0
        for column, batch in scenarios.with_wrong_units(self.plan.boomed[-1]).items():
            for start in range(0, scenarios.BATCH_ROWS, WRONG_ROWS):
                status, said = self.edge.predict(batch.rows[start : start + WRONG_ROWS])
                expect(
                    HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR,
                    f"wrong units were answered {status}: {said}",
                )
                expect(column in str(said), f"{column} is not named: {said}")
                refused += 1
        now = self.world.violations()
        more = {c: round(n - counted.get(c, 0)) for c, n in now.items() if n > counted.get(c, 0)}
        self.timeline.mark(
            "units", f"wrong units: {refused} requests refused; counted by column: {more}"
        )
        for column in scenarios.with_wrong_units(self.plan.boomed[-1]):
            expect(column in more, f"no violation of {column} was counted by column: {more}")
        self.evaluations(2)
        expect(len(self.world.retrainings()) == known, "wrong units started a retraining")
        expect(self.world.champion() == before, "wrong units moved the alias")
        self.timeline.mark("units quiet", "no retraining came of it")

    def send(self, batches: list[Batch], what: str) -> None:
        """Send batches one after another, each with its true values."""
        for number, batch in enumerate(batches):
            self.send_one(batch)
            if number + 1 < len(batches):
                time.sleep(PACE_S)
        self.timeline.mark(
            f"{what} sent", f"{what}: {len(batches)} batches and their feedback sent"
        )

    def send_one(self, batch: Batch) -> Answer:
        """Send one batch; the client that never rests goes on with its houses."""
        self.client.rows = batch.rows
        return self.edge.send(batch)

    def retrained(
        self, what: str, known: int, before: Version, alerts: tuple[str, ...]
    ) -> tuple[Retraining, Version]:
        """See an alert through to the new version's first answer."""
        fired = until(lambda: self.first_of(alerts), f"an alert of {alerts}", ALERT_S)
        self.timeline.mark(f"{what}: alert", f"alert: {fired} fires")
        done = self.ended(known, what)
        told = f"{done.outcome}, started by {done.trigger}, {done.labelled} rows: {done.reason}"
        self.timeline.mark(f"{what}: decided", told)
        expect(done.outcome == PROMOTED, f"the retraining was {told}")
        after = self.world.champion()
        expect(after.number == done.version != before.number, f"the alias is at {after.number}")
        until(lambda: self.served(after), f"version {after.number} answers", FOLLOWED_S)
        expect(not self.client.failures, f"requests failed: {self.client.failures[:3]}")
        if done.alert_at is None:
            message = f"no alert started the retraining, but {done.trigger}"
            raise DrillError(message)
        alert = self.timeline.second_of(done.alert_at)
        self.figures[f"{what}: begun to alert, s"] = alert - self.timeline.second(what)
        served = self.timeline.second(f"served {after.number}")
        self.figures[f"{what}: alert to served, s"] = served - alert
        return done, after

    def ended(self, known: int, what: str) -> Retraining:
        """Follow the next retraining from stage to stage, and return it once it has ended."""
        stage, since = "", time.monotonic()

        def look() -> Retraining | None:
            nonlocal stage, since
            found = self.world.retrainings()
            if len(found) <= known:
                return None
            this = found[-1 - known]
            if this.stage != stage:
                if stage:
                    name = f"{what}: {stage}, s"
                    self.figures[name] = time.monotonic() - since
                stage, since = this.stage, time.monotonic()
                self.timeline.mark(f"{what}: {stage}", f"retraining {this.id}: {stage}")
            return this if this.stage == ENDED else None

        return until(look, "a retraining has ended", RETRAINED_S)

    def recovered(
        self, before: Version, after: Version, batches: list[Batch], answers: list[Answer]
    ) -> float:
        """Return the served model's RMSE over the frozen one's, on the same rows."""
        expect({a.version for a in answers} == {after.number}, "another version answered")
        frozen = self.world.model(before)
        squared = [
            (
                rmse(batch.actual, answer.predictions) ** 2,
                rmse(batch.actual, frozen.predict(batch.rows)) ** 2,
            )
            for batch, answer in zip(batches, answers, strict=True)
        ]
        new, old = (
            float(sum(errors) / len(errors)) ** 0.5 for errors in zip(*squared, strict=True)
        )
        self.timeline.mark("recovered", f"RMSE {new:.3f}; the model before would have {old:.3f}")
        return float(new / old)

    def first_of(self, alerts: tuple[str, ...]) -> str | None:
        """Return which of these alerts fires."""
        return next((name for name in firing(self.edge) if name in alerts), None)

    def measured(self) -> float | None:
        """Return the rows that drift was measured on, once they are enough."""
        rows = value(self.edge, f'{DRIFT_ROWS}{{model="{NAME}"}}')
        return rows if rows is not None and rows >= WINDOW_ROWS else None

    def served(self, version: Version) -> str | None:
        """Return the version once the client that never rests has had its answer."""
        return version.number if version.number in self.client.versions else None

    def unmoved(self, version: Version) -> None:
        """See that the version still answers."""
        expect(self.client.versions[-1] == version.number, f"{self.client.versions[-1]} answers")

    def idle(self) -> None:
        """Wait until no retraining is at work."""
        until(
            lambda: None if any(r.stage != ENDED for r in self.world.retrainings()) else True,
            "no retraining is at work",
            RETRAINED_S,
        )

    def quiet(self) -> None:
        """Wait until what was learnt has ended the alerts."""
        until(lambda: None if self.first_of(RETRAINS) else True, "the alerts have ended", ALERT_S)
        drifted = value(self.edge, f'{DRIFTED_FEATURES}{{model="{NAME}"}}')
        expect(drifted is None or drifted < DRIFTED_AT_ONCE, "what was learnt still looks drifted")
        self.timeline.mark("resolved", "the alerts have ended")

    def evaluations(self, count: int) -> list[list[str]]:
        """Wait until all alerts were evaluated so often; return which fired each time."""
        seen, last = [], evaluated(self.edge)
        for _ in range(count):
            last = until(
                functools.partial(self._evaluated_after, last), "the alerts are evaluated", 60
            )
            seen.append(list(firing(self.edge)))
        return seen

    def _evaluated_after(self, known: str) -> str | None:
        return now if (now := evaluated(self.edge)) != known else None
