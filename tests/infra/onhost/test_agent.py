"""The host's agent: roll out, go back, come up again, tell."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from infra.onhost import agent
from infra.onhost.agent import RETRY_AFTER_S, sources
from infra.onhost.command import LOG_END_LINES, Failure
from tests.infra.onhost.fakes import FakeHost, bundle, pack

NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root gives files to other users")


@pytest.fixture
def host(tmp_path):
    """Return a host whose data volume is mounted."""
    made = FakeHost(tmp_path)
    made.places.data.mkdir(parents=True)
    return made


@pytest.fixture
def served(host):
    """Return a host with a good bundle in force, and its agent."""
    host.publish(bundle("good"))
    following = host.agent()
    following.resume()
    following.follow()
    host.commands.clear()
    return following


def test_the_first_bundle_is_rolled_out(host):
    """It is fetched, started and in force, and the bucket is told so."""
    digest = host.publish(bundle("one"))
    following = host.agent()
    following.resume()
    following.follow()
    assert host.in_force() == digest
    assert host.running == "one"
    assert host.report().bundle == digest
    assert host.report().failures == 0
    assert host.report().services == {"api": "running"}


def test_a_service_that_runs_once_is_waited_for(host):
    """The first model is trained before the host says that it serves one."""
    once = {"user": 1, "data": False, "secrets": [], "runs": "once"}
    host.publish(bundle("one", {"first-training": once}))
    host.agent().follow()
    steps = [c[-1] for c in host.commands if "run" in c]
    assert steps == ["first-training"]


def test_nothing_happens_while_the_pointer_stays(host, served):
    """A look that finds nothing new neither restarts a service nor writes a report."""
    served.follow()
    assert [c[0] for c in host.commands] == ["aws", "docker", "docker"]
    assert host.count("up") == host.count("pull") == 0


def test_a_changed_bundle_rolls_out(host, served):
    """The host is not replaced: its agent takes the new bundle up."""
    digest = host.publish(bundle("better"))
    served.follow()
    assert host.in_force() == digest == host.report().bundle
    assert host.running == "better"


def test_old_bundles_go_and_the_one_in_force_stays(host, served):
    """The disk does not fill up; neither folders, nor archives, nor images are left."""
    for mark in ("two", "three"):
        digest = host.publish(bundle(mark))
        served.follow()
    folders = {p.name for p in host.places.bundles.iterdir() if p.is_dir()}
    assert folders == {"current", digest}
    assert not list(host.places.bundles.glob("*.tar.gz"))
    assert host.images == {"three"}


@pytest.mark.parametrize("step", ["pull", "up", "run", "ready"])
def test_a_bad_bundle_goes_back_to_the_good_one(host, served, step):
    """Whatever fails: what served before serves again, and the bucket knows why."""
    good = host.in_force()
    once = {"user": 1, "data": False, "secrets": [], "runs": "once"}
    host.broken["bad"] = step
    bad = host.publish(bundle("bad", {"api": once}))
    served.follow()
    assert host.in_force() == good
    assert host.running == "good"
    report = host.report()
    assert (report.bundle, report.failures) == (good, 1)
    assert f"bundle {bad[:12]} is refused: " in report.reason
    wanted = {"ready": "/readyz answered 503", "pull": "pull", "up": "up", "run": "run"}[step]
    assert wanted in report.reason
    assert report.log_end or step == "ready"


def test_the_log_of_a_service_that_does_not_start_is_in_the_report(host, served):
    """Who reads the report needs no way to the host; it stays short."""
    host.broken["bad"] = "up"
    host.said_with_failure = [f"line {n}" for n in range(100)]
    host.publish(bundle("bad"))
    served.follow()
    assert host.report().log_end[-1] == "api | it does not start"
    assert len(host.report().log_end) == LOG_END_LINES


def test_a_refused_bundle_is_tried_again_only_after_the_pointer_was_another(host, served):
    """A bundle that failed once does not disturb the services every fifteen seconds."""
    host.broken["bad"] = "up"
    bad = host.publish(bundle("bad"))
    served.follow()
    host.commands.clear()
    served.follow()
    assert host.count("up") == 0
    host.objects["bundles/current"] = host.in_force().encode()
    served.follow()
    host.broken.clear()
    host.objects["bundles/current"] = bad.encode()
    served.follow()
    assert host.in_force() == bad


def test_a_good_bundle_that_does_not_come_back_is_told(host, served):
    """Both failures count; the last one is the one to mend."""
    host.broken = {"bad": "ready", "good": "up"}
    host.publish(bundle("bad"))
    served.follow()
    assert host.report().failures == 2
    assert "did not come back either: " in host.report().reason


def test_going_back_needs_no_registry(host, served):
    """The images of the bundle before are still there when the registry is not."""
    host.broken["bad"] = "pull"
    host.publish(bundle("bad"))
    served.follow()
    assert host.count("pull") == 1
    assert "did not come back" not in host.report().reason


def test_a_bundle_that_is_not_what_its_name_says_is_refused(host, served):
    """Whoever can write to the bucket must still find a second text of the same hash."""
    digest = host.publish(bundle("bad"))
    host.objects[f"bundles/{digest}.tar.gz"] = pack(bundle("forged"))
    served.follow()
    assert host.running == "good"
    assert not (host.places.bundles / digest).exists()
    assert not list(host.places.bundles.glob("*.tar.gz"))
    assert "is not what its name says" in host.report().reason


@pytest.mark.parametrize(
    "files",
    [
        {"../../etc/cron.d/x": "outside"},
        {"compose.yaml": "# no layout"},
        bundle("other layout", {"api": "what a later version may say"}),
    ],
)
def test_a_bundle_that_this_agent_can_not_read_is_refused(host, served, files):
    """The agent survives it and says so, instead of ending on it again and again."""
    host.publish(files)
    served.follow()
    assert host.running == "good"
    assert host.report().failures == 1
    assert "is refused: " in host.report().reason
    assert not list(host.places.root.rglob("cron.d"))


def test_what_is_no_archive_is_refused(host, served):
    """Even under its right name."""
    digest = hashlib.sha256(b"no archive").hexdigest()
    host.objects[f"bundles/{digest}.tar.gz"] = b"no archive"
    host.objects["bundles/current"] = digest.encode()
    served.follow()
    assert host.running == "good"
    assert f"bundle {digest[:12]} is refused" in host.report().reason


def test_a_first_bundle_that_fails_is_tried_again(host):
    """There is nothing to go back to, and what was missing may come: an image, for example."""
    host.broken["one"] = "pull"
    digest = host.publish(bundle("one"))
    following = host.agent()
    following.follow()
    assert (host.report().bundle, host.report().failures) == ("", 1)
    assert host.waited_s == RETRY_AFTER_S
    host.broken.clear()
    following.follow()
    assert host.in_force() == digest
    assert host.report().reason == ""


def test_a_start_brings_up_what_was_in_force_without_the_network(host, served):
    """After a power cut, neither bucket nor registry is needed for what the host has."""
    del served
    good, host.running = host.in_force(), ""
    host.is_offline = True
    again = host.agent()
    again.resume()
    again.follow()
    assert (host.running, host.in_force()) == ("good", good)


def test_an_unreachable_bucket_changes_nothing(host, served):
    """The services keep serving; the report follows as soon as it can."""
    digest = host.publish(bundle("better"))
    host.is_offline = True
    served.follow()
    assert host.running == "good"
    assert host.count("up") == 0
    host.is_offline = False
    served.follow()
    assert host.in_force() == host.report().bundle == digest


def test_a_bundle_that_is_not_there_yet_is_fetched_later(host, served):
    """A bucket that fails in the middle is no fault of the bundle."""
    digest = host.publish(bundle("better"))
    packed = host.objects.pop(f"bundles/{digest}.tar.gz")
    served.follow()
    assert host.running == "good"
    assert host.count("up") == 0
    host.objects[f"bundles/{digest}.tar.gz"] = packed
    served.follow()
    assert host.in_force() == digest


@pytest.mark.parametrize("said", ["", "latest", "../../../etc", "A" * 64, "0" * 63])
def test_a_pointer_that_names_no_bundle_changes_nothing(host, served, said):
    """Only 64 hex digits are a name."""
    host.objects["bundles/current"] = said.encode()
    served.follow()
    assert host.running == "good"
    assert host.report().failures == 0


def test_a_stopped_service_is_started_again(host, served):
    """Docker gives up on some; the agent does not, and pulls nothing for that."""
    host.states = {"api": "exited"}
    served.follow()
    assert host.report().services == {"api": "running"}
    assert host.count("pull") == 0


def test_a_service_that_stays_stopped_is_counted(host, served):
    """A reader of the report sees the number grow."""
    host.broken["good"] = "up"
    host.states = {"api": "exited"}
    served.follow()
    served.follow()
    assert host.report().failures == 2
    assert host.waited_s == 2 * RETRY_AFTER_S


def test_the_count_of_failures_outlives_the_agent(host, served):
    """It only grows: who waits for a rollout compares numbers and needs no clock."""
    host.broken["bad"] = "up"
    host.publish(bundle("bad"))
    served.follow()
    host.broken.clear()
    again = host.agent()
    again.resume()
    assert host.report().failures == 1
    assert "is refused" in host.report().reason


@pytest.mark.parametrize("left", ["", "{", "[]", '{"failures": "many"}'])
def test_a_spoiled_report_is_no_obstacle(host, served, left):
    """A power cut while it was written costs the count, not the start."""
    del served
    (host.places.bundles / "status.json").write_text(left)
    again = host.agent()
    again.resume()
    assert host.report().failures == 0
    assert host.running == "good"


def test_the_agent_of_the_bundle_takes_over(host):
    """The running one ends; systemd starts the one in force."""
    host.publish(bundle("one", **{"infra/onhost/agent.py": "# another"}))
    host.agent().work()
    assert host.running == "one"


class EnoughError(Exception):
    """Ends the agent's endless work."""


def test_the_same_agent_stays(host):
    """A bundle with this very agent is no reason to end."""

    def sleep(_):
        raise EnoughError

    carried = sources(Path(agent.__file__).parent)
    texts = {f"infra/onhost/{name}": text.decode() for name, text in carried.items()}
    host.publish(bundle("one", **texts))
    host.sleep = sleep
    with pytest.raises(EnoughError):
        host.agent().work()
    assert host.running == "one"


SERVICE = {"user": 4711, "data": True, "secrets": ["password"], "runs": "always"}


@NEEDS_ROOT
def test_a_secret_is_for_its_service_alone(host):
    """One file, readable by the container's user and nobody else, without a newline."""
    host.parameters["/shop/dev/password"] = "s3cret"
    host.publish(bundle("one", {"db": SERVICE}))
    host.agent().follow()
    path = host.places.secrets / "db" / "password"
    assert path.read_text() == "s3cret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4711)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@NEEDS_ROOT
def test_a_changed_secret_is_written_in_place(host):
    """A container has this very file mounted: another file would not reach it."""
    host.parameters["/shop/dev/password"] = "a long first one"
    host.publish(bundle("one", {"db": SERVICE}))
    following = host.agent()
    following.follow()
    path = host.places.secrets / "db" / "password"
    before = path.stat().st_ino
    host.parameters["/shop/dev/password"] = "short"
    host.publish(bundle("two", {"db": SERVICE}))
    following.follow()
    assert path.read_text() == "short"
    assert path.stat().st_ino == before


@NEEDS_ROOT
def test_secrets_that_are_there_do_not_need_the_network(host):
    """An agent that starts anew while AWS is away keeps its services."""
    host.parameters["/shop/dev/password"] = "s3cret"
    host.publish(bundle("one", {"db": SERVICE}))
    host.agent().follow()
    host.is_offline, host.running = True, ""
    host.agent().resume()
    assert host.running == "one"


@NEEDS_ROOT
def test_a_data_folder_is_made_once_for_its_user(host):
    """What is in it is never touched again."""
    host.parameters["/shop/dev/password"] = "s3cret"
    host.publish(bundle("one", {"db": SERVICE}))
    following = host.agent()
    following.follow()
    folder = host.places.data / "db"
    assert folder.stat().st_uid == 4711
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    os.chown(folder, 1, 1)
    (folder / "table").write_text("rows")
    host.publish(bundle("two", {"db": SERVICE}))
    following.follow()
    assert folder.stat().st_uid == 1
    assert (folder / "table").read_text() == "rows"


def test_containers_can_read_the_bundle(host):
    """They run as users of their own."""
    host.publish(bundle("one"))
    host.agent().follow()
    assert stat.S_IMODE(host.places.current.resolve().stat().st_mode) == 0o755


def test_what_keeps_the_agent_from_starting_is_told(host):
    """Without its disk a host has no services; who waits for it learns why."""
    host.agent().give_up(Failure("the data volume vol-1 was not attached in time"))
    assert host.report().reason == "the data volume vol-1 was not attached in time"
    assert host.report().failures == 1


def test_the_report_is_what_the_program_reads(host, served):
    """No field more, no field less: the host has its own text of it."""
    del served
    written = json.loads(host.objects["host/status.json"])
    assert set(written) == set(vars(host.report()))


def test_the_report_is_stored_when_it_says_something_new(host, served):
    """And not every fifteen seconds; one that could not be stored is stored later."""
    served.follow()
    assert not [c for c in host.commands if c[-1].endswith("status.json")]
    host.states = {"api": "unhealthy"}
    host.is_offline = True
    served.follow()
    host.is_offline = False
    served.follow()
    assert host.report().services == {"api": "unhealthy"}
