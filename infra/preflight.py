"""What must be so before anything is created: judged at once, at `preview` and `up`."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pulumi

from infra import account, builder, cloud_init
from infra.errors import NotCheckedError, UserError
from infra.host import debian_parameter
from infra.program import CHECKOUT, ZONES
from infra.settings import Settings

Check = Callable[[], None]
"""Raises UserError for a fault, NotCheckedError where it can't look."""


@dataclass(frozen=True)
class Finding:
    """What checks have found: what must be mended first, and what stays open."""

    faults: list[str]
    notes: list[str]


def examine(
    chosen: Settings,
    connect: Callable[[str], account.Clients] = account.connect,
    run: builder.Run = builder.run,
    note: Callable[[str], None] = pulumi.log.warn,
) -> None:
    """Refuse a stack that could not come up, with all reasons that can be known before.

    The embedded AWS is asked nothing: it has every type and no quota.

    Parameters
    ----------
    chosen
        The stack's settings.
    connect
        Makes the clients for a region.
    run
        Runs a docker command.
    note
        Says what could not be looked at.

    Raises
    ------
    UserError
        One or more faults; all are named at once.
    """
    cloud_init.check_size(chosen)
    if chosen.aws_endpoint is not None:
        return
    check_shell(os.environ, CHECKOUT)
    with ThreadPoolExecutor(1) as pool:
        docker = pool.submit(judge, [lambda: builder.check_builder(chosen, run)])
        found = (_account(chosen, connect), docker.result())
    for unknown in (unknown for finding in found for unknown in finding.notes):
        note(f"not checked: {unknown}")
    faults = [fault for finding in found for fault in finding.faults]
    if faults:
        head = f"stack {chosen.stack} can't come up; nothing was created or changed:"
        foot = "What each means: docs/deploy.md, section `What can go wrong`."
        raise UserError("\n".join([head, *(f"  {fault}" for fault in faults), foot]))


def judge(checks: list[Check]) -> Finding:
    """Run checks side by side; return the faults, and what could not be looked at."""
    faults: list[str] = []
    notes: list[str] = []
    with ThreadPoolExecutor(len(checks)) as pool:
        for done in [pool.submit(check) for check in checks]:
            try:
                done.result()
            except UserError as error:
                faults.append(str(error))
            except NotCheckedError as error:
                notes.append(str(error))
    return Finding(faults, notes)


def _account(chosen: Settings, connect: Callable[[str], account.Clients]) -> Finding:
    """See what the account offers; without a login there is nothing else to ask."""
    try:
        clients = connect(chosen.region)
    except UserError as error:
        return Finding([str(error)], [])
    login = judge([lambda: account.check_login(clients, chosen.region)])
    if login.faults:
        return login
    parameter = chosen.ami_parameter or debian_parameter(chosen.architecture)
    zones = [chosen.region + zone for zone in ZONES]
    offer = judge(
        [
            lambda: account.check_zones(clients, chosen, zones),
            lambda: account.check_machine(clients, chosen, parameter),
            lambda: account.check_quota(clients, chosen),
        ]
    )
    return Finding(offer.faults, login.notes + offer.notes)


def check_shell(environment: Mapping[str, str], checkout: Path) -> None:
    """See that the shell is not the one of stack `local`.

    Raises
    ------
    UserError
        Its engine would make a real stack with the embedded provider.
    """
    home = environment.get("PULUMI_HOME")
    if home and Path(home).resolve().is_relative_to(checkout / ".local"):
        message = (
            f"PULUMI_HOME is {home}: this shell has read .local/env, which is for stack local. "
            "Open a new one for a stack on AWS, without that line"
        )
        raise UserError(message)
