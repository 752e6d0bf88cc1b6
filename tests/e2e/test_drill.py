"""The closed loop on a stack of its own: it answers drift, and survives whatever is killed."""

import contextlib
import subprocess
import sys
import time

import psutil
import pytest
from rich.console import Console

from app.database.retrainings import ENDED, FITTING, JUDGING, PROMOTED, PROMOTING
from benchmarks.drill.__main__ import standing
from benchmarks.drill.scenarios import Batch
from benchmarks.drill.world import NAME, until
from infra.local import aws, machine, processes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

BACK_S = 90
ALERTED_S = 180
PROGRAMS = {
    "retrainer": "monitoring.retrainer",
    "mlflow": "mlflow",
    "prometheus": "--storage.tsdb.path",
    "alertmanager": "--storage.path",
}
"""By what is in their command lines."""
FACTORS = iter((1.5, 0.8, 1.4, 0.7, 1.6, 0.6, 1.7))
"""Of the prices, in turn: a row with a price that was told before is one that was learnt."""


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    """A drill whose stack is up."""
    with standing(tmp_path_factory.mktemp("drill"), Console(), short=True) as made:
        yield made


def test_the_loop_answers_drift(drill):
    """No false alarm; then an alert, a retraining, a better version, and no request is lost."""
    drill.normal()
    drill.expansion()
    assert drill.client.sent > 50
    assert drill.client.failures == []


@pytest.mark.parametrize(
    ("program", "stage"),
    [
        ("retrainer", FITTING),
        ("retrainer", PROMOTING),
        ("mlflow", JUDGING),
        ("aws", JUDGING),
        ("prometheus", FITTING),
        ("alertmanager", PROMOTING),
    ],
)
def test_a_killed_retraining_begins_again_and_ends(drill, program, stage):
    """A whole version is promoted once all is back; until then the one before answers."""
    before, known = change_prices(drill)
    status, said = drill.edge.retrain(NAME)
    assert status == 202, said
    until(lambda: reached(drill, known, stage), f"it is {stage}", BACK_S)
    kill(drill, program)
    drill.ended(known, f"{program} killed")
    see_promoted(drill, before, known)


def test_an_alert_that_nobody_took_is_told_again(drill):
    """Prometheus and Alertmanager die when prices change: the alert comes late, and is answered."""
    before, known = change_prices(drill)
    for program in ("prometheus", "alertmanager"):
        kill(drill, program)
    until(lambda: len(drill.world.retrainings()) > known or None, "it is asked for", ALERTED_S)
    assert drill.ended(known, "watchers killed").alert_at is not None
    see_promoted(drill, before, known)


def change_prices(drill):
    """Tell other prices than before, for who learns them to be better.

    Returns the champion and the number of retrainings until then.
    """
    drill.idle()
    known = drill.world.champion(), len(drill.world.retrainings())
    factor = next(FACTORS)
    for batch in drill.plan.boom:
        drill.send_one(Batch(batch.rows, batch.actual * factor))
    return known


def reached(drill, known, stage):
    """Return whether the retraining has come so far, as True or None."""
    found = drill.world.retrainings()
    if len(found) == known:
        return None
    this = found[-1 - known]
    assert this.stage != ENDED, this
    return True if this.stage == stage else None


def kill(drill, program):
    """Kill it with all its children; the machine starts it again, the embedded AWS as `up` does."""
    stack = drill.world.stack
    if program == "aws":
        for server in list(processes.owned(aws.folder(stack.local))):
            server.kill()
        time.sleep(3)
        again = f"aws.ensure_running(Path({str(stack.local)!r}), {stack.ports['aws']})"
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"from pathlib import Path; from infra.local import aws; {again}",
            ],
            cwd=stack.checkout,
            env=stack.env,
            check=True,
        )
        return
    (host,) = machine.machines(stack.local)
    killed = 0
    for process in processes.owned(host.home):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(PROGRAMS[program] in argument for argument in process.cmdline()):
                process.kill()
                killed += 1
    assert killed


def see_promoted(drill, before, known):
    """See that the alias is at one whole version, which answers, and that nothing was lost."""
    drill.idle()
    done, after = drill.world.retrainings()[-1 - known], drill.world.champion()
    assert done.outcome == PROMOTED, done
    assert after.number == done.version != before.number
    drill.world.model(after)
    until(
        lambda: True if drill.client.versions[-1] == after.number else None,
        f"version {after.number} answers",
        BACK_S,
    )
    assert drill.client.failures == []
