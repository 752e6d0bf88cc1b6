"""What is told of a host that does not answer."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra import host_log
from infra.host_log import Log, Sight

REGION = "eu-west-3"
HOST = "i-0abc"


def failing(code):
    return ClientError({"Error": {"Code": code, "Message": "as AWS says"}}, "Operation")


class Ssm:
    """Answers a command with a script of answers; the last one repeats."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.commands = []

    def send_command(self, **asked):
        self.commands += asked["Parameters"]["commands"]
        if isinstance(self._answers[0], Exception) and len(self._answers) == 1:
            raise self._answers[0]
        return {"Command": {"CommandId": "c1"}}

    def get_command_invocation(self, **_):
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Ec2:
    """Shows a console, or refuses to."""

    def __init__(self, console):
        self._console = console

    def get_console_output(self, **_):
        if isinstance(self._console, Exception):
            raise self._console
        return {"Output": self._console}


def done(text, status="Success"):
    return {"Status": status, "StandardOutputContent": text}


def no_sleep(_seconds):
    """Let a test not wait."""


@pytest.fixture(scope="module")
def real():
    """Give moto's clients and a running instance of its."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.delenv("AWS_PROFILE", raising=False)
        ec2, ssm = boto3.client("ec2", REGION), boto3.client("ssm", REGION)
        ami = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=ami, MinCount=1, MaxCount=1, InstanceType="t3.small")
        yield ec2, ssm, made["Instances"][0]["InstanceId"]


def test_the_log_comes_by_systems_manager():
    """Each of the three places is asked, and the answer is waited for."""
    ssm = Ssm(failing("InvocationDoesNotExist"), {"Status": "InProgress"}, done("a\nb\n"))
    log = host_log.read(Ec2(""), ssm, HOST, no_sleep)
    assert log == Log("by Systems Manager", ("a", "b"))
    asked = "\n".join(ssm.commands)
    assert "cloud-init-output.log" in asked
    assert "journalctl --unit pulumi-mlops" in asked


def test_a_failed_command_shows_what_it_printed():
    """A journal that is not there yet hides nothing."""
    log = host_log.read(Ec2(""), Ssm(done("cloud-init: error", "Failed")), HOST, no_sleep)
    assert log.lines == ("cloud-init: error",)


@pytest.mark.parametrize(
    "answer", [failing("InvalidInstanceId"), failing("AccessDeniedException"), done("", "TimedOut")]
)
def test_without_systems_manager_the_console_is_shown(answer):
    """A host whose agent has not come up, and a deployer who may not ask it."""
    log = host_log.read(Ec2("boot\nE: no such package\n"), Ssm(answer), HOST, no_sleep)
    assert log.lines == ("boot", "E: no such package")
    assert "console" in log.source


def test_a_command_without_an_end_is_given_up():
    """The update must not hang on its own diagnosis."""
    slept = []
    log = host_log.read(Ec2("boot"), Ssm({"Status": "InProgress"}), HOST, slept.append)
    assert sum(slept) == host_log.COMMAND_TIMEOUT_S
    assert "no answer within 30 s" in log.source


@pytest.mark.parametrize("console", ["", failing("UnauthorizedOperation")])
def test_a_log_that_is_not_to_be_had_says_why(console):
    """Both reasons are named, and nothing is raised: the time-out is the news."""
    log = host_log.read(Ec2(console), Ssm(failing("AccessDeniedException")), HOST, no_sleep)
    assert log.lines == ()
    assert "AccessDeniedException" in log.source
    assert "console" in log.source


def test_a_log_is_short_and_plain():
    """A terminal gets neither colours nor controls, and the end only."""
    text = "\x1b[32mgreen\x1b[0m\r\n\n" + "".join(f"line {n}\n" for n in range(100))
    assert host_log.last_lines("\x1b[1;31mred\x1b[0m\x07\r\n") == ("red",)
    assert host_log.last_lines(text)[-1] == "line 99"
    assert len(host_log.last_lines(text)) == host_log.LOG_LINES


@pytest.mark.parametrize(
    ("sight", "advice"),
    [
        (Sight("terminated", "Client.InternalError: no key"), "pulumi refresh"),
        (Sight("stopped"), "start-instances --instance-ids i-0abc"),
        (Sight("running", checks="InstanceStatus: impaired"), "reboot-instances"),
        (Sight("running"), "start-session --target i-0abc"),
    ],
)
def test_each_state_has_its_advice(sight, advice):
    """A person reads what is the matter and what to do next."""
    told = "\n".join(host_log.explain(HOST, sight, Log("x", ("the end",)), reported=True))
    assert f"host i-0abc is {sight.state}" in told
    assert sight.reason in told
    assert sight.checks in told
    assert "  the end" in told
    assert advice in told
    assert "never reported" not in told


def test_a_host_that_never_reported_is_called_that():
    """It tells an installation that failed from services that did."""
    told = host_log.explain(HOST, Sight("running"), Log("x"), reported=False)
    assert any("never reported" in line for line in told)


def test_a_diagnosis_on_moto_has_state_and_log(real):
    """The calls are those that AWS knows."""
    ec2, ssm, instance = real
    told = "\n".join(host_log.diagnose(ec2, ssm, instance, reported=False))
    assert f"host {instance} is running" in told
    # Its commands print nothing: the console is the second way.
    assert "Systems Manager brought nothing" in told
    assert "Linux version" in told


def test_a_host_that_was_stopped_is_lost(real):
    """Nobody waits for it; one that was started again is waited for."""
    ec2, _, instance = real
    assert not host_log.lost(host_log.look(ec2, instance))
    ec2.stop_instances(InstanceIds=[instance])
    assert host_log.lost(host_log.look(ec2, instance))
    ec2.start_instances(InstanceIds=[instance])
    assert not host_log.lost(host_log.look(ec2, instance))


def test_a_host_that_can_not_be_looked_at_is_not_lost(real):
    """A missing permission, or an id that is not known yet, ends no wait."""
    ec2, _, _ = real
    sight = host_log.look(ec2, "i-00000000000000000")
    assert sight.state.startswith("unknown")
    assert not host_log.lost(sight)
