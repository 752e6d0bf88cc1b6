"""The loop on a real registry: an alert ends in a served version, and nothing in between hurts."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.parse

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


def tags_of(loop, version):
    return loop.mlflow.versions()[version]


def children(loop, run_id):
    return {
        run["tags"]["mlflow.runName"]: run
        for run in loop.mlflow.runs()
        if run["tags"].get("mlflow.parentRunId") == run_id
    }


def test_an_alert_ends_in_a_served_version(loop):
    """Each step is a run, a stage and a figure; the same alert again starts nothing."""
    loop.log(RISEN)
    with loop.service():
        status, told = loop.ask("/alerts", firing("LiveRmseHigh", "FeatureDrift"))
        assert status == 202
        number = told["retrainings"][0]["id"]
        ended = loop.await_stage(number, retrainings.ENDED)
        assert (ended.outcome, ended.tries, ended.labelled) == (PROMOTED, 1, 1_000)
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


def test_the_version_says_what_it_is_of(loop):
    """Its data, how it came to be, and the rows that drift is measured against from then on."""
    loop.log(RISEN)
    ended = loop.run(loop.queue())
    tags = tags_of(loop, ended.version)
    assert (tags["dataset"], tags["recipe"], tags["profile"]) == ("logged", "linear", "default")
    assert tags["data_source"].startswith("1,000 logged rows with true values, 20")
    assert (tags["trigger"], tags["candidate"]) == ("operator", "recent")
    assert tags["promotion"] == ended.reason
    assert float(tags["gate_difference_high"]) < 0
    rows = training_rows(loop, ended.version)
    assert rows.reference.sum() == 640
    listed = loop.mlflow.get("artifacts/list", run_id=ended.run_id)["files"]
    assert {"replay.html", "model_card.html"} <= {file["path"] for file in listed}


def training_rows(loop, version):
    found = loop.mlflow.get("model-versions/get", name=MODEL, version=version)["model_version"]
    path = urllib.parse.urlsplit(found["source"]).path
    return TrainingRows.from_bytes(loop.mlflow.artifact(f"{path}/{ROWS_FILE}"))


def test_rows_from_before_help_where_only_the_traffic_has_moved(loop):
    """Then the challenger has both, and drift is measured against the recent ones alone."""
    loop.log(RISEN, rows=1_500)
    first = loop.run(loop.queue())
    assert first.outcome == PROMOTED
    loop.log(RISEN, rows=600, seed=8)
    second = loop.run(loop.queue())
    runs = children(loop, second.run_id)
    both = runs["fit recent and before"]["params"]
    assert int(both["train"]) > int(runs["fit recent"]["params"]["train"])


def test_a_refused_challenger_changes_nothing(loop):
    """It is a version with the reason; aliases and what the API serves stay."""
    loop.log()
    ended = loop.run(loop.queue())
    assert ended.outcome == REFUSED, ended
    assert "not better than champion 1 by more than the noise" in ended.reason
    assert loop.mlflow.aliases() == ALONE
    assert tags_of(loop, ended.version)["promotion"] == ended.reason
    with loop.service():
        assert loop.ask("/alerts", firing("FeatureDrift")) == (202, {"retrainings": []})


@pytest.mark.parametrize(
    ("rows", "recipe", "told"),
    [
        (499, None, "499 different rows with plausible true values are too few"),
        (600, "nothing-like-it", "there is no such model; choose from"),
        (600, "logistic", "is for two-feature-classes, not california-housing"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(loop, rows, recipe, told):
    """No version is made, and it is not tried again and again."""
    loop.log(RISEN, rows=rows)
    before = loop.mlflow.versions()
    ended = loop.run(loop.queue(recipe=recipe))
    assert (ended.outcome, ended.tries) == (REFUSED, 1)
    assert told in ended.reason
    assert loop.mlflow.versions() == before


def registered_by(loop, number):
    key = f"{number} of {iso(loop.one(number).at)}"
    return [v for v, tags in loop.mlflow.versions().items() if tags.get("retraining") == key]


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage_it_begins_again_and_ends(loop, stage):
    """No alias is half moved; the second try ends as an undisturbed one does."""
    loop.log(RISEN)
    loop.api.follows = stage != retrainings.CONFIRMING
    number = loop.queue()
    job = loop.job(number)
    seen = loop.await_stage(number, stage)
    job.kill()
    job.wait()
    moved = {"champion": seen.version, "previous": "1"}
    assert loop.mlflow.aliases() in ([moved] if stage == retrainings.CONFIRMING else [ALONE, moved])
    loop.api.follows = True
    ended = loop.run(number)
    assert (ended.outcome, ended.tries) == (PROMOTED, 2), (ended, loop.log_text())
    assert loop.mlflow.aliases() == {"champion": ended.version, "previous": "1"}
    (version,) = registered_by(loop, number)
    assert version == ended.version
    if seen.run_id:
        assert loop.mlflow.run(seen.run_id)["status"] == "KILLED"


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("GET", "registered-models/alias"),
        ("GET", "/mlflow-artifacts/artifacts"),
        ("POST", "runs/create"),
        ("PUT", "/artifacts/"),
        ("POST", "log-batch"),
        ("POST", "model-versions/create"),
        ("POST", "registered-models/alias"),
    ],
)
def test_mlflow_failing_at_any_step_changes_nothing(loop, method, part):
    """The try ends with the reason in the table; the next one, with MLflow back, ends well."""
    loop.log(RISEN)
    number = loop.queue()
    with breaking(loop.mlflow.uri, method, part) as broken:
        tried = loop.run(number, MLFLOW_TRACKING_URI=broken)
    assert tried.outcome is None
    assert "MLflow" in tried.reason or "500" in tried.reason, tried
    assert loop.mlflow.aliases() in (ALONE, {**ALONE, "previous": "1"})
    ended = loop.run(number)
    assert ended.outcome == PROMOTED, (ended, loop.log_text())
    assert loop.mlflow.aliases() == {"champion": ended.version, "previous": "1"}
    assert len(registered_by(loop, number)) == 1


def test_a_database_that_goes_away_changes_nothing(loop):
    """The job ends; when the database is back the retraining begins again and ends well."""
    loop.log(RISEN)
    number = loop.queue()
    job = loop.job(number)
    loop.await_stage(number, retrainings.JUDGING)
    with loop.database.writing():
        assert job.wait(PATIENCE_S) == 1
    assert loop.one(number).stage == retrainings.JUDGING
    assert loop.mlflow.aliases() == ALONE
    assert loop.run(number).outcome == PROMOTED


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_that_ends_takes_its_job_along(loop, how):
    """None is left behind; the service that is there next goes on with the retraining."""
    loop.log(RISEN)
    with loop.service() as service:
        number = loop.ask("/retrainings", {"model": MODEL})[1]["id"]
        loop.await_stage(number, retrainings.FITTING, retrainings.JUDGING)
        (job,) = jobs_of(service)
        os.killpg(service.pid, how) if how == signal.SIGKILL else service.terminate()
        service.wait(20)
        job.wait(20)
    assert loop.one(number).outcome is None
    with loop.service():
        ended = loop.await_stage(number, retrainings.ENDED)
    assert (ended.outcome, ended.tries) == (PROMOTED, 2)


def test_a_worker_that_is_killed_takes_its_job_along(loop):
    """The server starts another worker, which does not run a second job beside the first."""
    loop.log(RISEN)
    with loop.service() as service:
        number = loop.ask("/retrainings", {"model": MODEL})[1]["id"]
        loop.await_stage(number, retrainings.FITTING, retrainings.JUDGING)
        (job,) = jobs_of(service)
        job.parent().kill()
        ended = loop.await_stage(number, retrainings.ENDED)
        assert not job.is_running()
    assert (ended.outcome, ended.tries) == (PROMOTED, 2)


def copy_of_champion(loop):
    """Return a new version that is the same model as version 1."""
    first = loop.mlflow.get("model-versions/get", name=MODEL, version="1")["model_version"]
    told = loop.mlflow.post(
        "model-versions/create",
        name=MODEL,
        source=first["source"],
        run_id=first["run_id"],
        tags=first["tags"],
    )
    return told["model_version"]["version"]


def test_another_champion_meanwhile_is_judged_against(loop):
    """Somebody promoted while the challenger was replayed: it has to beat that one."""
    loop.log(RISEN)
    other, number = copy_of_champion(loop), loop.queue()
    job = loop.job(number)
    loop.await_stage(number, retrainings.REPLAYING)
    job.send_signal(signal.SIGSTOP)
    loop.mlflow.set_alias(MODEL, "champion", other)
    job.send_signal(signal.SIGCONT)
    job.wait(PATIENCE_S)
    ended = loop.one(number)
    assert ended.outcome == PROMOTED, loop.log_text()
    assert f"better than champion {other} " in ended.reason
    assert loop.mlflow.aliases() == {"champion": ended.version, "previous": other}


def test_a_champion_that_changes_again_is_left_alone(loop):
    """It was not compared with that one: refused, and the aliases are whoever moved them's."""
    loop.log(RISEN)
    other, number = copy_of_champion(loop), loop.queue()
    job = loop.job(number)
    loop.await_stage(number, retrainings.PROMOTING)
    job.send_signal(signal.SIGSTOP)
    loop.mlflow.set_alias(MODEL, "champion", other)
    job.send_signal(signal.SIGCONT)
    job.wait(PATIENCE_S)
    ended = loop.one(number)
    assert ended.outcome == REFUSED, loop.log_text()
    assert "not the champion any more" in ended.reason
    assert loop.mlflow.aliases() == {"champion": other}
    assert tags_of(loop, ended.version)["promotion"] == ended.reason


RETRAIN = """
import json, sys
from app.database import retrainings
from app.database.connection import Database
from monitoring.retrainer.retrain import Retrain
from training.tracking import tracking_uri
database, number = Database(sys.argv[1], 10), int(sys.argv[2])
with database.reading() as connection:
    task = retrainings.one(connection, number)
end = Retrain(task, database, tracking_uri(), lambda *_: sys.argv[3]).run()
print(json.dumps([end.outcome, end.reason]))
"""


@pytest.mark.parametrize(
    ("verdict", "outcome", "told"),
    [
        ("not served", FAILED, "does not serve version .*: the champion is 1 again"),
        ("not seen", PROMOTED, "better than champion 1 .*; the API did not answer"),
    ],
)
def test_what_the_api_does_not_serve_is_taken_back(loop, verdict, outcome, told):
    """If it answers: a version that it cannot load is no champion. If it is away, it may yet."""
    loop.log(RISEN)
    number = loop.queue()
    loop.begin(number)
    done = subprocess.run(
        [sys.executable, "-c", RETRAIN, loop.url, str(number), verdict],
        cwd=CHECKOUT,
        env=loop.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    ended = json.loads(done.stdout)
    assert ended[0] == outcome
    assert re.search(told, ended[1])
    version = loop.one(number).version
    expected = ALONE if outcome == FAILED else {"champion": version, "previous": "1"}
    assert loop.mlflow.aliases() == expected
    standing = promotion.TAKEN_BACK if outcome == FAILED else promotion.PROMOTE
    assert tags_of(loop, version)[promotion.STANDING] == standing
