"""The stack that a drill runs on, and what can be seen of its closed loop."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.database import retrainings
from app.database.connection import Database
from app.database.retrainings import Retraining
from benchmarks.drill.edge import Edge
from benchmarks.drill.scenarios import Batch
from benchmarks.scratch import ScratchStack
from infra.errors import UserError
from monitoring.retrainer import api_figures
from training import champion
from training.champion import Version
from training.models.interface import Model
from training.schema import FEATURE_NAMES, HOUSING, TARGET

NAME = HOUSING.name
RETRAINS = ("FeatureDrift", "LiveRmseHigh")
"""The alerts that start a retraining."""
POLL_S = 0.1

T = TypeVar("T")


class DrillError(UserError):
    """Something did not happen as it must."""


class World:
    """A stack of the drill's own, beside whatever stack the user has.

    Parameters
    ----------
    folder
        An empty folder.
    first
        What its first model is trained on.
    """

    def __init__(self, folder: Path, first: Batch) -> None:
        checkout = folder / "checkout"
        checkout.mkdir()
        rows = folder / "first.csv"
        write(first, rows)
        self.stack = ScratchStack(checkout)
        self.stack.env["HOUSING_CSV"] = str(rows)
        self._database: Database | None = None

    def up(self) -> Edge:
        """Bring it up, first model and all, and return the way in.

        Raises
        ------
        DrillError
            It does not come up.
        """
        done = self.stack.command("up", timeout_s=600)
        if done.returncode:
            raise DrillError(done.stdout + done.stderr)
        told = self.stack.pulumi("stack", "output", "--json", "--show-secrets")
        if told.returncode:
            raise DrillError(told.stdout + told.stderr)
        outputs = json.loads(told.stdout)
        return Edge(
            self.stack.url("proxy").replace("http:", "https:"),
            outputs["edge_authority"],
            outputs["api_key"],
            outputs["operator_password"],
        )

    def down(self) -> None:
        """Stop everything."""
        if self._database is not None:
            self._database.close()
        self.stack.command("down")

    def champion(self) -> Version:
        """Return the version that the alias names now.

        Raises
        ------
        DrillError
            There is none.
        """
        found = champion.find(self.stack.url("mlflow"), NAME)
        if found is None:
            message = f"{NAME} has no champion"
            raise DrillError(message)
        return found

    def model(self, version: Version) -> Model:
        """Open a version's model here, out of its artifacts."""
        return champion.open_version(self.stack.url("mlflow"), version).model

    def retrainings(self) -> list[Retraining]:
        """Return all retrainings so far, the newest first."""
        if self._database is None:
            (file,) = self.stack.local.glob("hosts/*/data/xgboost-api/service.db")
            self._database = Database(f"sqlite:///{file}", wait_s=5.0)
        with self._database.reading() as connection:
            return retrainings.newest(connection, 1_000)

    def violations(self) -> dict[str, float]:
        """Return how many predictions were refused for a value, by column."""
        found = api_figures.violations(self.stack.url("xgboost-api"))
        if found is None:
            message = "the API does not tell its figures"
            raise DrillError(message)
        return found

    def logs(self) -> str:
        """Return the ends of what the loop's services wrote."""
        files = [
            file
            for name in ("retrainer", "xgboost-api", "alertmanager")
            for file in self.stack.local.glob(f"hosts/*/log/{name}.log")
        ]
        return "\n".join(
            f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-30:])
            for file in files
        )


def firing(edge: Edge) -> dict[str, float]:
    """Return the names of the firing alerts about the model, with their values."""
    found: dict[str, float] = {}
    for alert in edge.prometheus("alerts")["alerts"]:
        labels = alert["labels"]
        if alert["state"] == "firing" and labels.get("model") == NAME:
            found[labels["alertname"]] = float(alert["value"])
    return found


def value(edge: Edge, expression: str) -> float | None:
    """Return what an expression comes to now, None when there is no such series."""
    found = edge.prometheus("query", query=expression)["result"]
    return float(found[0]["value"][1]) if found else None


def evaluated(edge: Edge) -> str:
    """Return when the alerts were last evaluated."""
    groups = edge.prometheus("rules", type="alert")["groups"]
    return max(str(group["lastEvaluation"]) for group in groups if group["name"] == "alerts")


def until(look: Callable[[], T | None], what: str, within_s: float) -> T:
    """Return the first result of `look` that is not None.

    Raises
    ------
    DrillError
        There was none in time.
    """
    deadline = time.monotonic() + within_s
    while (found := look()) is None:
        if time.monotonic() > deadline:
            message = f"not within {within_s:.0f} s: {what}"
            raise DrillError(message)
        time.sleep(POLL_S)
    return found


def expect(holds: object, what: str) -> None:
    """Raise DrillError unless it holds."""
    if not holds:
        raise DrillError(what)


def write(batch: Batch, path: Path) -> None:
    """Write rows and prices as a file that a training reads."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([*FEATURE_NAMES, TARGET.name])
        for row, price in zip(batch.rows.tolist(), batch.actual.tolist(), strict=True):
            lines.writerow([*map(repr, row), repr(price)])
