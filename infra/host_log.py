"""Why a host does not answer, as far as AWS knows: its state, and the end of its log."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from infra.account import error_code

LOG_LINES = 60
COMMAND_TIMEOUT_S = 30
POLL_S = 1.0

COMMANDS = (
    "cloud-init status --long",
    "tail -n 30 /var/log/cloud-init-output.log",
    "journalctl --unit pulumi-mlops --lines 30 --no-pager --output cat",
)
"""What is asked of the host, in this order: the last one is what happened last."""

GONE = ("shutting-down", "terminated", "stopping", "stopped")


@dataclass(frozen=True)
class Sight:
    """What EC2 says of an instance."""

    state: str
    reason: str = ""
    checks: str = ""
    """The failed status checks, or nothing."""


@dataclass(frozen=True)
class Log:
    """The end of a log and where it was read, or why it could not be."""

    source: str
    lines: tuple[str, ...] = ()


def look(ec2: Any, instance: str) -> Sight:  # noqa: ANN401
    """Return an instance's state.

    Parameters
    ----------
    ec2
        boto3's client.
    instance
        Id of the instance.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # slow: see `readiness`

    try:
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        statuses = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
    except (BotoCoreError, ClientError, IndexError) as error:
        return Sight(f"unknown ({error})")
    failed = [
        f"{part}: {status[part]['Status']}"
        for status in statuses
        for part in ("SystemStatus", "InstanceStatus")
        if status[part]["Status"] == "impaired"
    ]
    reason = (found.get("StateReason") or {}).get("Message", "")
    return Sight(found["State"]["Name"], reason, ", ".join(failed))


def lost(sight: Sight) -> bool:
    """Tell whether no waiting will make this instance answer."""
    return sight.state in GONE


def read(
    ec2: Any,  # noqa: ANN401
    ssm: Any,  # noqa: ANN401
    instance: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Log:
    """Return the end of the host's log: by Session Manager's agent, else what its console showed.

    Parameters
    ----------
    ec2, ssm
        boto3's clients.
    instance
        Id of the instance.
    sleep
        Waits between two looks at the answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # slow: see `readiness`

    try:
        lines = last_lines(_run(ssm, instance, sleep))
        if lines:
            return Log("by Systems Manager", lines)
        asked = "Systems Manager brought nothing"
    except (BotoCoreError, ClientError, TimeoutError) as error:
        asked = f"Systems Manager can't be asked: {error}"
    try:
        shown = ec2.get_console_output(InstanceId=instance).get("Output", "")
    except (BotoCoreError, ClientError) as error:
        return Log(f"not to be had. {asked}; nor the console: {error}")
    if not shown:
        return Log(f"not to be had. {asked}; the console is empty for the first minutes")
    return Log(f"as its console showed it ({asked})", last_lines(shown))


def _run(ssm: Any, instance: str, sleep: Callable[[float], None]) -> str:  # noqa: ANN401
    """Return what the commands print on the host.

    Raises
    ------
    TimeoutError
        They gave no answer.
    """
    sent = ssm.send_command(
        InstanceIds=[instance],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": list(COMMANDS)},
        TimeoutSeconds=COMMAND_TIMEOUT_S,
    )["Command"]["CommandId"]
    for _ in range(COMMAND_TIMEOUT_S):
        answer = _answer(ssm, sent, instance)
        if answer["Status"] in {"Success", "Failed"}:
            # The status is the last command's; what the others printed is worth as much.
            return str(answer["StandardOutputContent"])
        if answer["Status"] not in {"Pending", "InProgress", "Delayed"}:
            break
        sleep(POLL_S)
    message = f"no answer within {COMMAND_TIMEOUT_S} s"
    raise TimeoutError(message)


def _answer(ssm: Any, sent: str, instance: str) -> dict[str, Any]:  # noqa: ANN401
    """Return how far a command is."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  # slow: see `readiness`

    try:
        return dict(ssm.get_command_invocation(CommandId=sent, InstanceId=instance))
    except ClientError as error:
        # A command is not known everywhere the moment that it was sent.
        if error_code(error) == "InvocationDoesNotExist":
            return {"Status": "Pending"}
        raise


def last_lines(text: str) -> tuple[str, ...]:
    """Return the end of a log as a terminal may show it: without colours and controls."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]", "", text)
    return tuple(line.rstrip() for line in plain.split("\n") if line.strip())[-LOG_LINES:]


def explain(instance: str, sight: Sight, log: Log, *, reported: bool) -> list[str]:
    """Return what a person should know of a host that does not answer.

    Parameters
    ----------
    instance
        Id of the instance.
    sight
        What EC2 says of it.
    log
        The end of its log.
    reported
        Whether it has ever written its report to the bucket.
    """
    state = f"host {instance} is {sight.state}"
    return [
        ": ".join([state, sight.reason] if sight.reason else [state]),
        *([f"its status checks have failed ({sight.checks})"] if sight.checks else []),
        *([] if reported else ["it has never reported: its installation has not ended, or failed"]),
        f"the end of its log, {log.source}{':' if log.lines else ''}",
        *(f"  {line}" for line in log.lines),
        *_advice(instance, sight),
    ]


def _advice(instance: str, sight: Sight) -> Iterable[str]:
    if sight.state in {"shutting-down", "terminated"}:
        yield "Run `pulumi refresh`, then `pulumi up`: it makes another host."
    elif sight.state in {"stopping", "stopped"}:
        yield f"Start it: `aws ec2 start-instances --instance-ids {instance}`."
    elif sight.checks:
        yield f"Restart it: `aws ec2 reboot-instances --instance-ids {instance}`."
    else:
        yield f"Look at it from within: `aws ssm start-session --target {instance}`."


def diagnose(ec2: Any, ssm: Any, instance: str, *, reported: bool) -> list[str]:  # noqa: ANN401
    """Return what AWS knows of a host that does not answer, a line each.

    Parameters
    ----------
    ec2, ssm
        boto3's clients.
    instance
        Id of the instance.
    reported
        Whether it has ever written its report to the bucket.
    """
    return explain(instance, look(ec2, instance), read(ec2, ssm, instance), reported=reported)
