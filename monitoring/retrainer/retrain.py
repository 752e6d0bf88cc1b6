"""One retraining from the logged rows to a served version: `Retrain.run` reads top to bottom."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import mlflow
from mlflow import MlflowClient

from app.database.connection import Database
from app.database.recent import labelled, served
from app.database.retrainings import (
    CONFIRMING,
    FAILED,
    FITTING,
    JUDGING,
    PROMOTED,
    PROMOTING,
    REFUSED,
    REPLAYING,
    Retraining,
    step,
)
from app.instants import iso
from monitoring.retrainer import promotion
from monitoring.retrainer.candidates import best, candidates, fit
from monitoring.retrainer.incumbent import Incumbent, open_incumbent
from monitoring.retrainer.policy import NEWEST_ROWS
from monitoring.retrainer.promotion import Registered
from monitoring.retrainer.replay import ROWS as REPLAYED_ROWS
from monitoring.retrainer.replay import replay
from monitoring.retrainer.rows import Collected, RefusalError, collect
from monitoring.retrainer.served import Verdict
from training import champion, run
from training.chosen import RECIPE, Chosen
from training.errors import TrainingError
from training.gate import Decision
from training.record import record
from training.registry import judge_against, unseen
from training.schema import PROBLEMS
from training.trained import Trained

AwaitServed = Callable[[str, str], Verdict]
"""Waits for the API to serve a model's version."""


@dataclass(frozen=True)
class End:
    """How a retraining ends, and why."""

    outcome: str
    reason: str


@dataclass(frozen=True)
class Challenger:
    """A fitted challenger that is stored in MLflow, and what its version will be tagged with."""

    trained: Trained
    run_id: str
    logged: Any
    tags: Mapping[str, str]


class Retrain:
    """A retraining, step by step; each is noted before it begins.

    It may be killed at any moment: what was registered by then is found again by its `key`, and
    everything before that is done anew.
    """

    def __init__(
        self, task: Retraining, database: Database, uri: str, await_served: AwaitServed
    ) -> None:
        self._task = task
        self._problem = PROBLEMS[task.model]
        self._database = database
        self._uri = uri
        self._await_served = await_served
        self._client = MlflowClient()
        # A number alone may be that of another retraining, of a database that was lost.
        self._key = f"{task.id} of {iso(task.at)}"

    def run(self) -> End:
        """Do all of it, or what an earlier try has left to do.

        Raises
        ------
        TrainingError
            MLflow is not reachable or refuses: it is to be tried again.
        UnavailableError
            The same of the database.
        """
        tags = {
            "mlflow.runName": f"retraining {self._task.id}",
            promotion.RETRAINING: self._key,
            "trigger": self._task.trigger,
        }
        with run.run(self._task.model, tags) as run_id:
            self._note(run_id=run_id, experiment_id=_experiment())
            try:
                end = self._from_where_it_was(run_id)
            except RefusalError as refusal:
                end = End(REFUSED, f"refused: {refusal}")
            mlflow.set_tags({"outcome": end.outcome, "reason": end.reason})
            return end

    def _from_where_it_was(self, run_id: str) -> End:
        challenger = None
        if self._task.tries > 1:
            challenger = promotion.find(self._client, self._task.model, self._key)
        if challenger is None:
            challenger = self._make(run_id)
        self._note(version=challenger.version)
        return self._conclude(challenger)

    def _make(self, run_id: str) -> Registered:
        """Collect, fit, judge, replay, register."""
        incumbent, collected = self._collect()
        chosen = self._choose(incumbent)
        fitted = self._fit(incumbent, collected, chosen)
        self._note(JUDGING)
        challenger = self._record(run_id, fitted, collected, chosen)
        decision = self._judge(incumbent, challenger)
        if decision.promote:
            decision = self._replayed(incumbent, challenger, decision)
        if decision.promote:
            incumbent, decision = self._still_better(incumbent, challenger, decision)
        mlflow.log_metrics(decision.figures)
        names = self._task.model, incumbent.version.number
        return promotion.register(self._client, challenger.logged, decision, names, challenger.tags)

    def _collect(self) -> tuple[Incumbent, Collected]:
        with run.nested("collect"):
            incumbent = open_incumbent(self._uri, self._task.model)
            if incumbent is None:
                message = f"{self._task.model} has no champion to compare with: train a first one"
                raise RefusalError(message)
            at = time.time()
            with self._database.reading() as connection:
                found = labelled(connection, self._task.model, NEWEST_ROWS)
            self._note(collected_at=at, labelled=len(found.actual))
            collected = collect(self._problem, found)
            mlflow.log_params({"rows": collected.data.rows, **collected.parts.sizes()})
            mlflow.set_tags(run.data_tags(collected.data))
            return incumbent, collected

    def _fit(
        self, incumbent: Incumbent, collected: Collected, chosen: Chosen
    ) -> dict[str, Trained]:
        self._note(FITTING)
        fitted = {}
        for candidate in candidates(collected.parts, incumbent.before):
            with run.nested(f"fit {candidate.name}"):
                mlflow.log_params({"recipe": chosen.recipe.name, **candidate.parts.sizes()})
                fitted[candidate.name] = fit(candidate, chosen)
                mlflow.log_metrics(dict(fitted[candidate.name].metrics))
        return fitted

    def _choose(self, incumbent: Incumbent) -> Chosen:
        """Return the recipe that is asked for, or the champion's own with its settings."""
        tags = incumbent.version.tags
        if self._task.recipe is not None:
            tags = {RECIPE: self._task.recipe}
        try:
            chosen = Chosen.of_tags(tags)
        except TrainingError as error:
            raise RefusalError(str(error)) from error
        if chosen.recipe.problem is not self._problem:
            recipe, of = chosen.recipe.name, chosen.recipe.problem.name
            message = f"the recipe {recipe} is for {of}, not {self._task.model}"
            raise RefusalError(message)
        return chosen

    def _record(
        self, run_id: str, fitted: Mapping[str, Trained], collected: Collected, chosen: Chosen
    ) -> Challenger:
        name = best(fitted)
        trained, data = fitted[name], collected.data
        tags = {
            **run.data_tags(data),
            **chosen.tags,
            "candidate": name,
            "trigger": self._task.trigger,
            promotion.RETRAINING: self._key,
        }
        mlflow.set_tags(tags)
        mlflow.log_params(dict(chosen.params))
        logged = record(run_id, trained, data, tags)
        tags["manifest_sha256"] = champion.manifest_sha256(self._uri, logged.artifact_path)
        return Challenger(trained, run_id, logged, tags)

    def _judge(self, incumbent: Incumbent, challenger: Challenger) -> Decision:
        with run.nested("gate"):
            decision = judge_against(incumbent.called, challenger.trained, incumbent.opened)
            mlflow.log_metrics(decision.figures)
            mlflow.set_tag("reason", decision.reason)
            return decision

    def _replayed(
        self, incumbent: Incumbent, challenger: Challenger, decision: Decision
    ) -> Decision:
        """Return the gate's decision, or a refusal of what the replay shows."""
        self._note(REPLAYING)
        with run.nested("replay"):
            with self._database.reading() as connection:
                rows = served(connection, self._task.model, REPLAYED_ROWS).rows
            shown = replay(
                self._problem,
                (incumbent.called, incumbent.opened.model),
                challenger.trained.model,
                rows,
                unseen(challenger.trained.parts.test, incumbent.opened),
            )
            mlflow.log_metrics(dict(shown.metrics))
            mlflow.log_text(shown.html(), "replay.html", run_id=challenger.run_id)
        if shown.refusal is None:
            return decision
        return replace(decision, promote=False, rule="replay", reason=f"refused: {shown.refusal}")

    def _still_better(
        self, incumbent: Incumbent, challenger: Challenger, decision: Decision
    ) -> tuple[Incumbent, Decision]:
        """Judge again when there is another champion by now than the one that was beaten."""
        now = champion.find(self._uri, self._task.model)
        if now is not None and now.number == incumbent.version.number:
            return incumbent, decision
        newer = open_incumbent(self._uri, self._task.model)
        if newer is None:
            message = f"{incumbent.called} was taken away meanwhile: nothing to compare with"
            raise RefusalError(message)
        return newer, self._judge(newer, challenger)

    def _conclude(self, challenger: Registered) -> End:
        """Do what stands on the version."""
        if challenger.standing == promotion.REFUSE:
            return End(REFUSED, challenger.reason)
        if challenger.standing == promotion.TAKEN_BACK:
            return self._take_back(challenger)
        self._note(PROMOTING)
        with run.nested("promote"):
            if not promotion.promote(self._client, challenger):
                reason = (
                    f"refused: better than champion {challenger.incumbent}, but that is not the "
                    "champion any more: somebody else has promoted or rolled back meanwhile"
                )
                promotion.refuse(self._client, challenger, reason)
                return End(REFUSED, reason)
            self._note(CONFIRMING)
            return self._confirm(challenger)

    def _confirm(self, challenger: Registered) -> End:
        """Wait for the API to serve it."""
        verdict = self._await_served(challenger.name, challenger.version)
        mlflow.set_tag("served", verdict)
        if verdict == "not served":
            return self._take_back(challenger)
        if verdict == "not seen":
            reason = f"{challenger.reason}; the API did not answer, so it was not seen served"
            return End(PROMOTED, reason)
        self._note(served_at=time.time())
        return End(PROMOTED, challenger.reason)

    def _take_back(self, challenger: Registered) -> End:
        reason = f"the API answers and does not serve version {challenger.version}"
        if promotion.take_back(self._client, challenger):
            return End(FAILED, f"{reason}: the champion is {challenger.incumbent} again")
        return End(FAILED, f"{reason}: somebody else has moved the champion meanwhile")

    def _note(self, stage: str | None = None, **found: object) -> None:
        with self._database.writing() as connection:
            step(connection, self._task.id, stage, **found)


def _experiment() -> str:
    opened = mlflow.active_run()
    return str(opened.info.experiment_id)
