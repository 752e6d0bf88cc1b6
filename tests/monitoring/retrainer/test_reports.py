"""When a drift report is made: as drift begins and grows, and not for every figure that wavers."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.rest import RegistryError, Rest
from monitoring.retrainer.reports import (
    AGAIN_S,
    CALM,
    DRIFTED,
    EVERY_S,
    LONGEST_S,
    WARNED,
    Report,
    Reports,
)
from tests.app.mlflow_server import FakeMlflow, running


@pytest.fixture
def mlflow() -> Iterator[FakeMlflow]:
    with running() as fake:
        yield fake


@pytest.fixture
def reports_by(mlflow):
    made = []

    def reports_by(maker: Maker) -> Reports:
        made.append(Reports(Rest(mlflow.uri, 0.5), maker))
        return made[-1]

    yield reports_by
    for reports in made:
        reports.close()


class Maker:
    """Starts real processes that print what the test says, or never end."""

    def __init__(self, prints: str | None = None) -> None:
        self.started: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []
        self._prints = prints

    def __call__(self, model: str) -> "subprocess.Popen[str]":
        self.started.append(model)
        told = {"experiment_id": "7", "run_id": f"report{len(self.started)}"}
        text = json.dumps(told) if self._prints is None else self._prints
        code = "import time; time.sleep(99)" if text == "never" else f"print({text!r})"
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process


def ended(maker: Maker) -> None:
    for process in maker.processes:
        process.wait(20)


def make(reports: Reports, maker: Maker, level: int, now: float, model: str = "m") -> None:
    """One step of the watch, with all processes at their end."""
    ended(maker)
    reports.step(now)
    reports.want(model, level, now)


def test_a_report_is_made_when_drift_begins_and_when_it_is_enough(reports_by):
    """Once for the warning and once for the alarm; the newest is what is told of."""
    maker = Maker()
    reports = reports_by(maker)
    for now, level in enumerate([CALM, CALM, WARNED, WARNED, DRIFTED, DRIFTED, WARNED, DRIFTED]):
        make(reports, maker, level, float(now))
    ended(maker)
    reports.step(9.0)
    assert len(maker.started) == 2
    assert reports.newest("m") == Report("7", "report2")


def test_drift_that_lasts_is_reported_again_and_again(reports_by):
    """Not oftener than every half hour, though."""
    maker = Maker()
    reports = reports_by(maker)
    for now in range(0, int(2 * EVERY_S) + 1, 10):
        make(reports, maker, WARNED, float(now))
    assert len(maker.started) == 3


def test_a_figure_that_wavers_is_one_report(reports_by):
    """To and fro over the lower limit is no news each time."""
    maker = Maker()
    reports = reports_by(maker)
    for now in range(0, 600, 10):
        make(reports, maker, WARNED if now % 20 else CALM, float(now))
    assert len(maker.started) == 1


def test_windows_that_take_turns_are_one_report(reports_by):
    """Batches of two kinds fill the window in turn: each is not a new drift."""
    maker = Maker()
    reports = reports_by(maker)
    for now in range(0, 600, 10):
        make(reports, maker, DRIFTED if now % 20 else CALM, float(now))
    assert len(maker.started) == 1


def test_one_report_at_a_time(reports_by):
    """A second model's waits for the first one's, and is then made."""
    maker = Maker()
    reports = reports_by(maker)
    reports.want("a", WARNED, 0.0)
    reports.want("b", WARNED, 0.0)
    assert maker.started == ["a"]
    make(reports, maker, WARNED, 10.0, "b")
    assert maker.started == ["a", "b"]
    ended(maker)


@pytest.mark.parametrize("prints", ["", "Traceback", "[]", '{"run_id": "1"}'])
def test_a_report_that_fails_is_tried_again(reports_by, prints, caplog):
    """It is said once, the one of before stays, and the next try is not at once."""
    maker = Maker(prints)
    reports = reports_by(maker)
    for now in (0.0, 10.0, 10.0 + AGAIN_S - 1, 10.0 + AGAIN_S):
        make(reports, maker, WARNED, now)
    ended(maker)
    assert len(maker.started) == 2
    assert reports.newest("m") is None
    assert len(caplog.records) == 1


def test_a_report_that_hangs_is_ended(reports_by):
    """It takes its memory no longer than it may."""
    maker = Maker("never")
    reports = reports_by(maker)
    reports.want("m", WARNED, 0.0)
    reports.step(LONGEST_S - 1)
    assert maker.processes[0].poll() is None
    reports.step(LONGEST_S)
    assert maker.processes[0].poll() is not None


def test_closing_ends_what_was_started(reports_by):
    """Nothing is left behind when the service stops."""
    maker = Maker("never")
    reports = reports_by(maker)
    reports.want("m", WARNED, 0.0)
    reports.close()
    assert maker.processes[0].poll() is not None


def run(run_id: str, model: str, at: float) -> dict[str, object]:
    info = {"run_id": run_id, "experiment_id": "7", "start_time": int(at * 1000)}
    return {"info": info, "data": {"tags": [{"key": "model", "value": model}]}}


def test_a_report_of_before_the_start_is_known(mlflow, reports_by):
    """Nothing is kept in memory alone: the newest, and that half an hour is not over."""
    mlflow.runs += [run("other", "n", 3000.0), run("newest", "m", 2000.0), run("old", "m", 1000.0)]
    maker = Maker()
    reports = reports_by(maker)
    assert reports.newest("m") == Report("7", "newest")
    assert reports.newest("none") is None
    reports.want("m", WARNED, 2000.0 + EVERY_S - 1)
    assert maker.started == []
    reports.want("m", WARNED, 2000.0 + EVERY_S)
    assert maker.started == ["m"]
    ended(maker)


def test_reports_are_looked_up_when_mlflow_answers(mlflow, reports_by):
    """While it is away that is an error, and not taken for there being none."""
    mlflow.runs.append(run("newest", "m", 2000.0))
    answering, mlflow.misbehave = mlflow.misbehave, lambda handler: handler.close_connection or True
    reports = reports_by(Maker())
    with pytest.raises(RegistryError):
        reports.newest("m")
    mlflow.misbehave = answering
    assert reports.newest("m") == Report("7", "newest")
