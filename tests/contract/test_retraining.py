"""The loop on a real registry: an alert ends in a served version, and nothing in between hurts."""

import json
import signal
import subprocess
import sys
import urllib.parse
from contextlib import contextmanager

import pytest

from app.database import retrainings
from app.database.retrainings import FAILED, PROMOTED, REFUSED
from app.instants import iso
from monitoring.retrainer import promotion
from tests.contract.closed_loop import CHECKOUT, MODEL, PATIENCE_S, Loop, firing, jobs_of
from tests.contract.test_train_in_trouble import breaking
from training.rows import ROWS_FILE, TrainingRows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

RISEN = 1.6
STAGES = [stage for stage in retrainings.STAGES if stage not in {"queued", "ended"}]
ALONE = {"champion": "1"}
FAULTS = (
    ("PUT", "/artifacts/"),
    ("POST", "model-versions/create"),
    ("POST", "registered-models/alias"),
)


@pytest.fixture(scope="module")
def champion(mlflow, houses):
    """Version 1: small, and quickly fitted."""
    done = mlflow.train("--model", "linear", HOUSING_CSV=str(houses))
    assert done.returncode == 0, done.stderr
    return mlflow


@pytest.fixture
def loop(champion, tmp_path):
    """Version 1 is champion, nothing is previous, nothing was logged."""
    champion.set_alias(MODEL, "champion", "1")
    if "previous" in champion.aliases():
        champion.delete_alias(MODEL, "previous")
    made = Loop(tmp_path, champion)
    yield made
    made.close()


def test_an_alert_ends_in_a_served_version(loop):
    """Each step is a run, a stage and a figure; the same alert again starts nothing."""
    loop.log(RISEN)
    with loop.service():
        status, told = loop.ask("/alerts", firing("LiveRmseHigh", "FeatureDrift"))
        assert status == 202
        ended = loop.await_stage(told["retrainings"][0]["id"], retrainings.ENDED)
        assert (ended.outcome, ended.tries, ended.labelled) == (PROMOTED, 1, 1_000), ended
        assert loop.mlflow.aliases() == {"champion": ended.version, "previous": "1"}
        assert loop.ask("/alerts", firing("FeatureDrift")) == (202, {"retrainings": []})
        figures = loop.ask("/metrics")[1]
    assert f'retrainings_total{{model="{MODEL}",outcome="promoted"}} 1.0' in figures
    waited = ended.served_at - ended.alert_at
    assert f'retraining_alert_to_served_seconds{{model="{MODEL}"}} {waited}' in figures
    steps = children(loop, ended.run_id)
    assert set(steps) == {
        *("collect", "fit recent", "fit recent and before", "gate", "replay", "promote"),
    }
    assert {run["status"] for run in steps.values()} == {"FINISHED"}
    assert loop.mlflow.run(ended.run_id)["tags"]["outcome"] == PROMOTED
    says_what_it_is_of(loop, ended)


def says_what_it_is_of(loop, ended):
    """The version has its data, how it came to be, and the rows for drift from then on."""
    tags = loop.mlflow.versions()[ended.version]
    assert (tags["dataset"], tags["recipe"], tags["profile"]) == ("logged", "linear", "default")
    assert tags["data_source"].startswith("1,000 logged rows with true values, 20")
    assert (tags["trigger"], tags["candidate"]) == ("FeatureDrift + LiveRmseHigh", "recent")
    assert tags["promotion"] == ended.reason
    assert float(tags["gate_difference_high"]) < 0
    assert training_rows(loop, ended.version).reference.sum() == 640
    listed = loop.mlflow.get("artifacts/list", run_id=ended.run_id)["files"]
    assert {"replay.html", "model_card.html"} <= {file["path"] for file in listed}


def children(loop, run_id):
    return {
        run["tags"]["mlflow.runName"]: run
        for run in loop.mlflow.runs()
        if run["tags"].get("mlflow.parentRunId") == run_id
    }


def training_rows(loop, version):
    path = urllib.parse.urlsplit(stored_at(loop, version)).path
    return TrainingRows.from_bytes(loop.mlflow.artifact(f"{path}/{ROWS_FILE}"))


def stored_at(loop, version):
    """Return where the files of a version are."""
    query = {"name": MODEL, "version": version}
    return loop.mlflow.get("model-versions/get-download-uri", **query)["artifact_uri"]


def test_a_refused_challenger_changes_nothing(loop):
    """It is a version with the reason; aliases and what the API serves stay."""
    loop.log()
    ended = loop.run(loop.queue())
    assert ended.outcome == REFUSED, ended
    assert "not better than champion 1 by more than the noise" in ended.reason
    assert loop.mlflow.aliases() == ALONE
    assert loop.mlflow.versions()[ended.version]["promotion"] == ended.reason


def test_what_cannot_be_fitted_is_refused_with_the_reason(loop):
    """No version is made, and it is not tried again and again."""
    loop.log(RISEN)
    before = loop.mlflow.versions()
    ended = loop.run(loop.queue(recipe="logistic"))
    assert (ended.outcome, ended.tries) == (REFUSED, 1)
    assert "is for two-feature-classes, not california-housing" in ended.reason
    assert loop.mlflow.versions() == before


def registered_by(loop, number):
    key = f"{number} of {iso(loop.one(number).at)}"
    return [v for v, tags in loop.mlflow.versions().items() if tags.get("retraining") == key]


def test_killed_at_every_stage_in_turn_it_goes_on_and_ends(loop):
    """No alias is half moved by any; in the end there is one version, and it is champion."""
    loop.log(RISEN)
    loop.api.follows = False
    number = loop.queue()
    for stage in STAGES:
        with loop.job(number) as job:
            loop.await_stage(number, stage)
            job.kill()
            job.wait()
        seen = loop.one(number)
        moved = {"champion": seen.version, "previous": "1"}
        possible = {retrainings.PROMOTING: [ALONE, moved], retrainings.CONFIRMING: [moved]}
        assert loop.mlflow.aliases() in possible.get(stage, [ALONE]), (stage, seen)
        assert seen.outcome is None
    loop.api.follows = True
    ended = loop.run(number)
    assert (ended.outcome, ended.tries) == (PROMOTED, len(STAGES) + 1), loop.log_text()
    assert loop.mlflow.aliases() == {"champion": ended.version, "previous": "1"}
    assert registered_by(loop, number) == [ended.version]
    assert loop.mlflow.run(seen.run_id)["status"] == "KILLED"


def test_mlflow_failing_at_a_step_changes_nothing(loop):
    """Each try ends with the reason in the table; with MLflow back the retraining ends well."""
    loop.log(RISEN)
    number = loop.queue()
    for method, part in FAULTS:
        with breaking(loop.mlflow.uri, method, part) as broken:
            tried = loop.run(number, MLFLOW_TRACKING_URI=broken)
        assert tried.outcome is None, tried
        assert tried.reason.startswith(f"MLflow at {broken} failed: ")
        assert loop.mlflow.aliases() == ALONE
    ended = loop.run(number)
    assert ended.outcome == PROMOTED, (ended, loop.log_text())
    assert loop.mlflow.aliases() == {"champion": ended.version, "previous": "1"}
    assert registered_by(loop, number) == [ended.version]


def test_a_database_that_goes_away_changes_nothing(loop):
    """The job ends, for the next one to begin again."""
    loop.log(RISEN)
    number = loop.queue()
    with loop.job(number) as job:
        loop.await_stage(number, retrainings.JUDGING)
        with loop.database.writing():
            assert job.wait(PATIENCE_S) == 1
    assert loop.one(number).stage == retrainings.JUDGING
    assert loop.mlflow.aliases() == ALONE


def test_a_service_that_ends_takes_its_job_along(loop):
    """By SIGTERM or by a kill: none is left behind, and the next service goes on."""
    loop.log(RISEN)
    with loop.service() as service:
        number = loop.ask("/retrainings", {"model": MODEL})[1]["id"]
        loop.await_stage(number, retrainings.FITTING)
        (job,) = jobs_of(service)
        service.terminate()
        service.wait(20)
        job.wait(20)
    assert loop.one(number).outcome is None
    with loop.service() as service:
        loop.await_try(number, 2)
        loop.await_stage(number, retrainings.FITTING)
        (job,) = jobs_of(service)
        # Its server starts another worker, which does not run a second job beside the first.
        job.parent().kill()
        job.wait(20)
        ended = loop.await_stage(number, retrainings.ENDED)
    assert (ended.outcome, ended.tries) == (PROMOTED, 3)


def copy_of_champion(loop):
    """Return a new version that is the same model as version 1."""
    first = loop.mlflow.get("model-versions/get", name=MODEL, version="1")["model_version"]
    stored = stored_at(loop, "1")
    told = loop.mlflow.post(
        "model-versions/create",
        name=MODEL,
        source=stored,
        run_id=first["run_id"],
        model_id=next(part for part in stored.split("/") if part.startswith("m-")),
        tags=first["tags"],
    )
    return told["model_version"]["version"]


@contextmanager
def champion_moved_while(loop, number, stage):
    """Yield another champion, which somebody promotes while the retraining is in a stage."""
    other = copy_of_champion(loop)
    with loop.job(number) as job:
        loop.await_stage(number, stage)
        job.send_signal(signal.SIGSTOP)
        loop.mlflow.set_alias(MODEL, "champion", other)
        job.send_signal(signal.SIGCONT)
        job.wait(PATIENCE_S)
    yield other


def test_another_champion_meanwhile_is_judged_against(loop):
    """Somebody promoted while the challenger was replayed: it has to beat that one."""
    loop.log(RISEN)
    number = loop.queue()
    with champion_moved_while(loop, number, retrainings.REPLAYING) as other:
        ended = loop.one(number)
        assert ended.outcome == PROMOTED, loop.log_text()
        assert f"better than champion {other} " in ended.reason
        assert loop.mlflow.aliases() == {"champion": ended.version, "previous": other}


def test_a_champion_that_changes_again_is_left_alone(loop):
    """It was not compared with that one: refused, and the aliases are whoever moved them's."""
    loop.log(RISEN)
    number = loop.queue()
    with champion_moved_while(loop, number, retrainings.PROMOTING) as other:
        ended = loop.one(number)
        assert ended.outcome == REFUSED, loop.log_text()
        assert "not the champion any more" in ended.reason
        assert loop.mlflow.aliases() == {"champion": other}
        assert loop.mlflow.versions()[ended.version]["promotion"] == ended.reason


RETRAIN = """
import json, sys
from app.database import retrainings
from app.database.connection import Database
from monitoring.retrainer.retrain import Retrain
from training.tracking import tracking_uri
database, number = Database(sys.argv[1], 10), int(sys.argv[2])
with database.reading() as connection:
    task = retrainings.one(connection, number)
end = Retrain(task, database, tracking_uri(), lambda *_: "not served").run()
print(json.dumps([end.outcome, end.reason]))
"""


def test_what_the_api_does_not_serve_is_taken_back(loop):
    """A version that it cannot load is no champion: both aliases are as they were."""
    loop.log(RISEN)
    number = loop.queue()
    loop.begin(number)
    done = subprocess.run(
        [sys.executable, "-c", RETRAIN, loop.url, str(number)],
        cwd=CHECKOUT,
        env=loop.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    version = loop.one(number).version
    assert json.loads(done.stdout) == [
        FAILED,
        f"the API answers and does not serve version {version}: the champion is 1 again",
    ]
    assert loop.mlflow.aliases() == ALONE
    assert loop.mlflow.versions()[version][promotion.STANDING] == promotion.TAKEN_BACK
