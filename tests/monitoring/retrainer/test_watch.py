"""The watch: what it tells of the served rows, and that no fault of others ends it."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text

from app.database.connection import Database
from app.database.feedback import Told, add
from app.database.predictions import store
from app.database.retrainings import PROMOTED, begin, end, queue, step
from app.loop_limits import PSI_DRIFTED, PSI_WARN, WINDOW_ROWS
from app.loop_metrics import (
    DRIFT_CHECKED,
    DRIFT_KS,
    DRIFT_PSI,
    DRIFT_REPORT,
    DRIFT_ROWS,
    DRIFTED_FEATURES,
    LABELLED_ROWS,
)
from monitoring.retrainer.drift import PREDICTION
from monitoring.retrainer.watch import COUNT_EVERY_S, Watch
from tests.app.mlflow_server import FakeMlflow, running
from tests.monitoring.retrainer.districts import coastal, training_rows
from tests.monitoring.retrainer.shelf import MODEL, requests, shelve
from training.generate import generate

DATA = generate(4_000)
NEAR = coastal(DATA)
KNOWN, INLAND = np.flatnonzero(NEAR), np.flatnonzero(~NEAR)
ROWS = training_rows(DATA, KNOWN)
NOW = 1e6


@pytest.fixture
def mlflow() -> Iterator[FakeMlflow]:
    with running() as fake:
        shelve(fake, ROWS)
        yield fake


class Watched:
    """A watch with what it meets, and how often it had a report made."""

    def __init__(self, database: Database, uri: str) -> None:
        self.database, self.reported, self.sent = database, 0, 0
        self.watch = Watch(database, uri, self._report)

    def serve(self, rows: np.ndarray, model: str = MODEL) -> None:
        """Let rows of these numbers be predicted, later than all before."""
        given = requests(DATA.features[rows], DATA.target[rows], float(self.sent), model)
        assert store(self.database, given) == 0
        self.sent += len(rows)

    def figures(self, now: float = NOW) -> dict[tuple[str, ...], float]:
        """Measure, and return what Prometheus would read: by name and labels."""
        self.watch.step(now)
        return {
            (sample.name, *(v for k, v in sorted(sample.labels.items()) if k != "model")): (
                sample.value
            )
            for metric in self.watch.collect()
            for sample in metric.samples
        }

    def _report(self, _model: str) -> "subprocess.Popen[str]":
        self.reported += 1
        code = """print('{"experiment_id": "7", "run_id": "abc"}')"""
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def watched(database, mlflow) -> Iterator[Watched]:
    made = Watched(database, mlflow.uri)
    yield made
    made.watch.close()


def some(rows: np.ndarray, count: int = WINDOW_ROWS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(rows, count, replace=False)


def test_rows_like_those_trained_on_are_calm(watched):
    """Every feature and the prediction is told, none has drifted, no report is made."""
    watched.serve(some(KNOWN))
    found = watched.figures()
    names = {labels[1] for labels in found if labels[0] == DRIFT_PSI}
    assert names == {*DATA.problem.column_names, PREDICTION}
    assert {labels[1] for labels in found if labels[0] == DRIFT_KS} == names
    assert max(value for labels, value in found.items() if labels[0] == DRIFT_PSI) < PSI_WARN
    assert found[DRIFTED_FEATURES,] == 0
    assert found[DRIFT_ROWS,] == WINDOW_ROWS
    assert found[DRIFT_CHECKED,] == NOW
    assert watched.reported == 0


def test_the_newest_rows_count(watched):
    """Of more than the window the last ones are measured: drift shows, and its end."""
    watched.serve(some(KNOWN))
    watched.serve(some(INLAND))
    found = watched.figures()
    assert found[DRIFTED_FEATURES,] >= 2
    assert found[DRIFT_PSI, "Longitude"] > PSI_DRIFTED
    watched.serve(some(KNOWN, seed=1))
    assert watched.figures()[DRIFTED_FEATURES,] == 0


def test_a_drifted_prediction_is_no_drifted_feature(watched):
    """What the model answers is told beside its inputs, and not counted among them."""
    rows = some(KNOWN)
    store(watched.database, requests(DATA.features[rows], 3 * DATA.target[rows], 0.0))
    found = watched.figures()
    assert found[DRIFT_PSI, PREDICTION] > PSI_DRIFTED
    assert found[DRIFTED_FEATURES,] == 0
    assert watched.reported == 1


def test_the_report_is_told_of(watched):
    """When drift begins a report is made, and from then on its place is among the figures."""
    watched.serve(some(INLAND))
    assert not [labels for labels in watched.figures() if labels[0] == DRIFT_REPORT]
    watched.watch._reports._making.process.wait(20)
    assert watched.figures(NOW + 10)[DRIFT_REPORT, "7", "abc"] == 1
    assert watched.reported == 1


def test_too_few_rows_are_no_fault(watched):
    """Their number is told and nothing else: chance alone would look like drift."""
    watched.serve(some(INLAND, WINDOW_ROWS - 10))
    found = watched.figures()
    assert found[DRIFT_ROWS,] == WINDOW_ROWS - 10
    assert {labels[0] for labels in found} == {DRIFT_ROWS, LABELLED_ROWS, DRIFT_CHECKED}
    assert found[DRIFT_CHECKED,] == NOW


def test_rows_of_another_form_are_not_measured(watched, mlflow):
    """Rows of a model that had the name before, with other columns, are none of this one's."""
    watched.serve(some(KNOWN))
    rows = training_rows(DATA, KNOWN)
    fewer = type(rows)(
        *(rows.columns[:3], rows.rows[:, :3], rows.target, rows.prediction, rows.reference)
    )
    mlflow.created[MODEL] = 2
    shelve(mlflow, fewer)
    found = watched.figures()
    assert (found[DRIFT_ROWS,], found[DRIFT_CHECKED,]) == (0, NOW)


def tell(database: Database, places: range, now: float) -> None:
    told = [Told(f"{place * 1000:032x}", 0, 1.0) for place in places]
    with database.writing() as connection:
        add(connection, None, told, now)


def test_true_values_since_the_last_retraining_are_counted(watched):
    """Those told before its rows were read are not news any more."""
    watched.serve(some(KNOWN))
    tell(watched.database, range(0, 50, 10), 100.0)
    assert watched.figures(NOW)[LABELLED_ROWS,] == 5
    tell(watched.database, range(50, 80, 10), 200.0)
    assert watched.figures(NOW + COUNT_EVERY_S)[LABELLED_ROWS,] == 8
    with watched.database.writing() as connection:
        number = queue(connection, MODEL, "operator", 150.0).id
        begin(connection, number, "collecting")
        step(connection, number, "fitting", collected_at=150.0, labelled=5)
        end(connection, number, PROMOTED, "better", 160.0)
    assert watched.figures(NOW + COUNT_EVERY_S + 10)[LABELLED_ROWS,] == 3


def said(caplog) -> list[str]:
    return [record.message for record in caplog.records]


def test_a_fault_is_said_once_and_so_is_its_end(watched, mlflow, caplog):
    """MLflow away: measured on with what is known, the time of the last good look stays."""
    watched.serve(some(INLAND))
    good = watched.figures(NOW)
    answering, mlflow.misbehave = mlflow.misbehave, lambda handler: handler.close_connection or True
    for at in range(1, 4):
        found = watched.figures(NOW + 10 * at)
        assert found[DRIFT_CHECKED,] == NOW
        assert found[DRIFT_PSI, "Longitude"] == good[DRIFT_PSI, "Longitude"]
    assert len(said(caplog)) == 1
    mlflow.misbehave = answering
    assert watched.figures(NOW + 50)[DRIFT_CHECKED,] == NOW + 50
    assert len(said(caplog)) == 2


def test_before_its_first_success_its_age_begins_with_the_first_attempt(watched, mlflow):
    """A watch that never succeeds grows old too, and does not seem to be from 1970."""
    mlflow.misbehave = lambda handler: handler.close_connection or True
    assert watched.figures(NOW) == {(DRIFT_CHECKED,): NOW}
    assert watched.figures(NOW + 10) == {(DRIFT_CHECKED,): NOW}


def test_a_database_that_is_away_keeps_the_last_figures(watched, caplog):
    """Drift does not end because nobody can look; it is measured again when it is back."""
    watched.serve(some(INLAND))
    good = watched.figures(NOW)
    rename = "ALTER TABLE {} RENAME TO {}"
    with watched.database.writing() as connection:
        connection.execute(text(rename.format("predictions", "elsewhere")))
    for at in (10, 20):
        assert watched.figures(NOW + at)[DRIFTED_FEATURES,] == good[DRIFTED_FEATURES,]
    assert watched.figures(NOW + 30)[DRIFT_CHECKED,] == NOW
    assert len(said(caplog)) == 1
    with watched.database.writing() as connection:
        connection.execute(text(rename.format("elsewhere", "predictions")))
    assert watched.figures(NOW + 40)[DRIFT_CHECKED,] == NOW + 40


def test_a_version_without_reference_is_said_and_not_guessed(watched, mlflow, caplog):
    """Its drift has no figures; a version that has one is measured again."""
    watched.serve(some(INLAND))
    watched.figures(NOW)
    shelve(mlflow, None, number="2")
    assert watched.figures(NOW + 10) == {(DRIFT_CHECKED,): NOW}
    watched.figures(NOW + 20)
    assert len(said(caplog)) == 1
    assert "version 2 has no" in said(caplog)[0]
    shelve(mlflow, ROWS, number="3")
    assert watched.figures(NOW + 30)[DRIFT_CHECKED,] == NOW + 30


def test_a_fault_of_one_model_is_none_of_the_others(watched, mlflow, caplog):
    """A damaged version is named, and the others are measured beside it."""
    watched.serve(some(INLAND))
    shelve(mlflow, ROWS, name="another")
    mlflow.files["another/1/MLmodel"] += b" "
    found = watched.figures(NOW)
    assert found[DRIFTED_FEATURES,] >= 2
    assert "another version 1: MLmodel is not as it was registered" in said(caplog)[0]
    watched.watch.step(NOW + 10)
    checked = {
        sample.labels["model"]: sample.value
        for metric in watched.watch.collect()
        for sample in metric.samples
        if sample.name == DRIFT_CHECKED
    }
    assert checked == {"": NOW + 10, MODEL: NOW + 10, "another": NOW}


def test_a_model_that_is_gone_has_no_figures(watched, mlflow):
    """Nobody is alarmed by what is not served any more; made anew it is looked at anew."""
    watched.serve(some(INLAND))
    watched.figures(NOW)
    mlflow.aliases.clear()
    assert watched.figures(NOW + 10) == {(DRIFT_CHECKED,): NOW + 10}
    mlflow.created[MODEL] = 2
    shelve(mlflow, training_rows(DATA, INLAND))
    assert watched.figures(NOW + 20)[DRIFTED_FEATURES,] == 0


def test_a_report_that_cannot_be_started_ends_nothing(database, mlflow, caplog):
    """Without memory for another process drift is told on, and the fault is said."""

    def start(_model: str) -> "subprocess.Popen[str]":
        raise OSError(12, "Cannot allocate memory")

    watched = Watched(database, mlflow.uri)
    watched.watch = Watch(database, mlflow.uri, start)
    watched.serve(some(INLAND))
    watched.figures(NOW)
    assert watched.figures(NOW + 10)[DRIFTED_FEATURES,] >= 2
    assert "Cannot allocate memory" in said(caplog)[0]


def test_prometheus_reads_it(watched):
    """The figures are in the text format, with help; before the first step there are none."""
    registry = CollectorRegistry()
    registry.register(watched.watch)
    assert all(line.startswith("#") for line in generate_latest(registry).decode().splitlines())
    watched.serve(some(INLAND))
    watched.watch.step(NOW)
    told = generate_latest(registry).decode()
    assert f'{DRIFT_PSI}{{feature="Longitude",model="{MODEL}"}}' in told
    assert f"# TYPE {DRIFT_ROWS} gauge" in told
