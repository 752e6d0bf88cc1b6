"""Lets prowler judge a stack that the real engine made: `python -m tests.infra.policies.prowler`.

On demand: its environment has 1.4 GB. It asks an emulator on loopback, as if that were AWS, and
nothing else can be reached meanwhile. docs/security.md keeps the last result.
"""

import argparse
import datetime as dt
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.scratch import CHECKOUT
from infra.errors import UserError
from infra.finders import Stack
from infra.policies.exceptions import ALWAYS
from tests import emulators
from tests.e2e.inventory import inventory
from tests.e2e.rehearsal import PROJECT, REGION, Rehearsal, StandIn
from tests.infra.policies import prowler_verdict
from tests.judges import environment

LOCK = Path(__file__).with_name("prowler.txt")
PAGE = CHECKOUT / "docs" / "security.md"
SERVICES = ("acm", "cloudwatch", "ec2", "ecr", "elbv2", "iam", "kms", "s3", "ssm", "vpc")
"""Where a stack has resources; prowler's rules of the others are about accounts."""

UP = ("up", "--yes", "--non-interactive", "--skip-preview")
NOWHERE = "http://127.0.0.1:9"
SCAN_TIMEOUT_S = 900


def main(arguments):
    """Judge the chosen profiles; the status is 1 for a failure, 2 when nothing could be judged."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.infra.policies.prowler", description=__doc__
    )
    parser.add_argument("--profile", choices=ALWAYS, help="both when none is named")
    parser.add_argument("--json", action="store_true", help="for scripts; writes no page")
    chosen = parser.parse_args(arguments)
    # A `kill` is an end like any other: no emulator must stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        profiles = (chosen.profile,) if chosen.profile else ALWAYS
        verdicts = [verdict_on(profile) for profile in profiles]
    except (UserError, AssertionError, subprocess.SubprocessError) as error:
        print(f"error: nothing was judged: {error}", file=sys.stderr)  # noqa: T201
        return 2
    if chosen.json:
        print(json.dumps([verdict.as_json() for verdict in verdicts], indent=1))  # noqa: T201
    else:
        for verdict in verdicts:
            show(verdict)
            keep(verdict)
    return 0 if all(verdict.good for verdict in verdicts) else 1


def verdict_on(profile):
    """Bring a profile up on moto, which answers more of prowler's questions; judge; destroy."""
    with tempfile.TemporaryDirectory(prefix="prowler.") as made:
        home = Path(made)
        (home / "emulator").mkdir()
        (home / "scan").mkdir()
        with emulators.moto(home / "emulator") as endpoint:
            before = inventory(endpoint)
            stack = Rehearsal(home / "checkout", profile, endpoint)
            stack.configure(protectData=profile == "hardened")
            stack.pulumi("stack", "init")
            with StandIn(home, endpoint, stack.port):
                stack.pulumi(*UP)
                names = {name for _, name in inventory(endpoint) - before}
                told, log = scan(home / "scan", endpoint)
                if profile == "hardened":
                    stack.configure(protectData=False)
                    stack.pulumi(*UP)
            stack.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview")
            assert inventory(endpoint) - before == set(), "the stack has left something behind"
    found = prowler_verdict.findings(told, Stack(PROJECT, profile).tags, names)
    found += prowler_verdict.crashes(log)
    return prowler_verdict.judge(found, profile, prowler_verdict.LEAST[profile])


def scan(home, endpoint):
    """Return prowler's report on what an emulator has, and its log.

    Parameters
    ----------
    home
        An empty folder.
    endpoint
        Where the emulator is.

    Raises
    ------
    UserError
        prowler ended without a report.
    """
    options = {
        "--region": REGION,
        "--output-formats": "json-ocsf",
        "--output-directory": home,
        "--output-filename": "said",
        "--log-level": "ERROR",
        "--log-file": home / "log",
        "--aws-retries-max-attempts": 1,
    }
    words = [str(word) for option in options.items() for word in option]
    flags = ("--no-banner", "--no-color", "--ignore-exit-code-3", "--service", *SERVICES)
    done = subprocess.run(
        [str(environment(LOCK) / "python"), "-m", "prowler", "aws", *words, *flags],
        env=offline(home, endpoint),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=SCAN_TIMEOUT_S,
        check=False,
    )
    report = home / "said.ocsf.json"
    if done.returncode or not report.exists():
        message = f"prowler ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"
        raise UserError(message)
    return json.loads(report.read_text()), (home / "log").read_text()


def offline(home, endpoint):
    """Return an environment in which AWS is the emulator and there is no other network."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1",
    }


def show(verdict):
    """Print what failed, and what did not count, with the reasons."""
    # One column for all: a check's id is looked up by people, so none of it may be cut.
    title = f"prowler on profile {verdict.profile}"
    table = Table("", "check: on what of the stack, and why", title=title)
    for one in verdict.failed:
        table.add_row("[red]failed[/]", f"{one.check}: {one.resource}\n  {one.detail}")
    for what, listed in (("excepted", verdict.excepted), ("gap", verdict.gaps)):
        # Nine endpoints make one row.
        for (check, reason), group in itertools.groupby(listed, lambda e: (e.check, e.reason)):
            whole = f"{PROJECT}-{verdict.profile}"
            named = {one.resource.removeprefix(f"{whole}-") for one in group}
            table.add_row(what, f"{check}: {', '.join(sorted(named))}\n  {reason}")
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"{verdict.checks} checks on this stack: {verdict.passed} passed, "
        f"{len(verdict.failed)} failed beyond the exceptions, {len(verdict.excepted)} excepted, "
        f"{len(verdict.gaps)} gaps of the emulator's own."
    )


def keep(verdict):
    """Write a verdict into the page of security."""
    (version,) = re.findall(r"^prowler==(\S+)", LOCK.read_text(), re.MULTILINE)
    today = dt.datetime.now(tz=dt.UTC).date()
    PAGE.write_text(prowler_verdict.page_with(PAGE.read_text(), verdict, today, version))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
