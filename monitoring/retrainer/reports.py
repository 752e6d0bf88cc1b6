"""Has drift reports made in a process of their own, and knows the newest of each model."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.child_environment import child_environment
from app.rest import RegistryError, Rest

log = logging.getLogger(__name__)

EXPERIMENT = "drift"
MODEL_TAG = "model"
EVERY_S = 1800.0
"""While drift lasts, a model's next report is due after so long."""
AGAIN_S = 300.0
"""So long after one that failed."""
LONGEST_S = 300.0
SEARCHED = 200

CALM, WARNED, DRIFTED = range(3)
"""How much a model drifts: whether any PSI is over the limit, and whether enough of them are."""

Start = Callable[[str], "subprocess.Popen[str]"]
"""Starts the report of a model: it prints what `Report` has as JSON."""


@dataclass(frozen=True)
class Report:
    """Where a report is in MLflow."""

    experiment_id: str
    run_id: str


@dataclass(frozen=True)
class _Making:
    """A report that is being made."""

    model: str
    process: "subprocess.Popen[str]"
    until: float


class Reports:
    """One report at a time: each is seconds of work on a host that also serves."""

    def __init__(self, rest: Rest, start: Start) -> None:
        self._rest, self._start = rest, start
        self._newest: dict[str, Report | None] = {}
        self._next: dict[str, float] = {}
        self._told: dict[str, int] = {}
        self._making: _Making | None = None

    def newest(self, model: str) -> Report | None:
        """Return a model's newest report, from before this process too.

        Raises
        ------
        app.rest.RegistryError
            MLflow has to be asked and does not answer.
        """
        if model not in self._newest:
            run = self._newest_run(model)
            self._newest[model] = None
            if run is not None:
                info = run["info"]
                self._newest[model] = Report(info["experiment_id"], info["run_id"])
                self._next[model] = info["start_time"] / 1000 + EVERY_S
        return self._newest[model]

    def want(self, model: str, level: int, now: float) -> None:
        """Have a report made if one is due.

        That is when drift begins, when it becomes enough for a retraining, and then again and
        again while it lasts; never oftener for a figure that goes to and fro over the limit.
        """
        is_due = now >= self._next.get(model, 0.0)
        told = CALM if is_due else self._told.get(model, CALM)
        if level > CALM and self._making is None and (is_due or level == DRIFTED > told):
            self._told[model], self._next[model] = level, now + EVERY_S
            self._making = _Making(model, self._start(model), now + LONGEST_S)

    def step(self, now: float) -> None:
        """Take in the report that is made, when it is."""
        made = self._making
        if made is None:
            return
        if made.process.poll() is None:
            if now < made.until:
                return
            made.process.kill()
        self._making = None
        printed, _ = made.process.communicate()
        try:
            self._newest[made.model] = Report(**json.loads(printed))
        except (ValueError, TypeError):
            log.warning("no drift report of %s: exit status %d", made.model, made.process.wait())
            self._next[made.model] = now + AGAIN_S

    def close(self) -> None:
        """End the report that is being made."""
        if self._making is not None:
            self._making.process.kill()
            self._making.process.communicate()
            self._making = None

    def _newest_run(self, model: str) -> dict[str, Any] | None:
        try:
            found = self._rest.get("/experiments/get-by-name", experiment_name=EXPERIMENT)
        except RegistryError as error:
            if error.status is None:
                raise
            # None was made yet.
            return None
        asked = {
            "experiment_ids": [found["experiment"]["experiment_id"]],
            "filter": "attributes.status = 'FINISHED'",
            "order_by": ["attributes.start_time DESC"],
            "max_results": SEARCHED,
        }
        for run in self._rest.send("POST", "/runs/search", asked).get("runs", []):
            tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
            if tags.get(MODEL_TAG) == model:
                newest: dict[str, Any] = run
                return newest
        return None


def starter(database_url: str, uri: str) -> Start:
    """Return what starts `monitoring.retrainer.report` on this database and this MLflow."""
    own = {"DATABASE_URL": database_url, "MLFLOW_TRACKING_URI": uri}

    def start(model: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "monitoring.retrainer.report", model]
        return subprocess.Popen(
            command, env=child_environment(os.environ | own), stdout=subprocess.PIPE, text=True
        )

    return start
