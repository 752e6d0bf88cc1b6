"""What is left of a stack after `pulumi destroy`: `python -m infra.leftovers --stack dev`."""

import argparse
import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from infra.access import Clients, clients, sentence
from infra.errors import UserError
from infra.finders import FINDERS, Found, Stack, others
from infra.local import aws, lifecycle, processes

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Place:
    """Where a stack's resources are."""

    stack: Stack
    region: str
    endpoint: str | None


@dataclass(frozen=True)
class Report:
    """What was found, and which kinds of resources could not be asked for."""

    left: tuple[Found, ...]
    going: tuple[Found, ...]
    unasked: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Tell whether nothing is left, for sure."""
        return not self.left and not self.unasked


def place(checkout: Path, stack: str) -> Place:
    """Read where a stack is from its settings file.

    Raises
    ------
    UserError
        There is no such stack, or its file names no region.
    """
    project = yaml.safe_load((checkout / "Pulumi.yaml").read_text())["name"]
    path = checkout / f"Pulumi.{stack}.yaml"
    known = sorted(p.name.split(".")[1] for p in checkout.glob("Pulumi.*.yaml"))
    if not re.fullmatch(r"[\w.-]+", stack) or not path.is_file():
        message = f"--stack: {stack} is refused: there are settings of {', '.join(known)}"
        raise UserError(message)
    try:
        configured = yaml.safe_load(path.read_text())["config"]
        region = configured[f"{project}:region"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        message = f"{path.name} names no region: pulumi config set region eu-west-3 --stack {stack}"
        raise UserError(message) from error
    return Place(Stack(project, stack), region, configured.get(f"{project}:awsEndpoint"))


def look(make: Clients, where: Place) -> Report:
    """Ask AWS for everything that a stack may have left.

    Parameters
    ----------
    make
        Clients of the region.
    where
        The stack, and its region.

    Raises
    ------
    UserError
        AWS can't be asked at all: no credentials, an expired login, a region that is none.
    """
    _knock(make, where.region)
    # The embedded AWS has no index of tags; nothing but what is declared can be in it.
    asked = FINDERS if where.endpoint else {**FINDERS, "other services": others}
    found: list[Found] = []
    unasked = []
    for what, find in asked.items():
        try:
            found += find(make, where.stack)
        except (ClientError, BotoCoreError) as error:
            unasked.append(f"{what}: {sentence(error, where.region)}")
    return Report(
        left=tuple(item for item in found if not item.going),
        going=tuple(item for item in found if item.going),
        unasked=tuple(unasked),
    )


def _knock(make: Clients, region: str) -> None:
    """Ask who is asking, so that a fault of the login is told once."""
    try:
        make("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise UserError(sentence(error, region)) from error


def _report(checkout: Path, where: Place) -> Report:
    """Ask the real AWS, or the embedded one of this checkout."""
    if where.endpoint is None:
        return look(clients(where.region), where)
    home = lifecycle.local_dir(checkout)
    if not aws.folder(home).exists():
        return Report((), (), ())  # it has never run here
    # It ends with a stack's last resource, and keeps its state.
    slept = not any(True for _ in processes.owned(aws.folder(home)))
    aws.ensure_running(home, urlsplit(where.endpoint).port or 0)
    try:
        return look(clients(where.region, where.endpoint), where)
    finally:
        if slept:
            aws.stop(home)


def show(found: Report, where: Place, *, as_json: bool) -> None:
    """Print a report."""
    if as_json:
        print(json.dumps(asdict(found), indent=1))  # noqa: T201
        return
    console = Console(highlight=False)
    if found.left or found.going:
        table = Table("kind", "id", "")
        for item in found.left:
            table.add_row(item.kind, item.id, "[red]left[/]")
        for item in found.going:
            table.add_row(item.kind, item.id, item.going)
        console.print(table)
    for what in found.unasked:
        console.print(f"[yellow]not known[/] {what}", soft_wrap=True)
    name = f"stack {where.stack.name} in {where.region}"
    if found.clean:
        console.print(f"[green]Nothing is left[/] of {name}.")
    else:
        console.print(
            f"{len(found.left)} left of {name}. Of a stack that is up, that is all of it. After a "
            "destroy: what Pulumi knows of goes by `pulumi refresh` and `pulumi destroy`, the rest "
            "by hand.",
            soft_wrap=True,
        )


def main(arguments: list[str]) -> int:
    """Print what is left; the exit status is 1 when something is, or may be."""
    parser = argparse.ArgumentParser(prog="python -m infra.leftovers", description=__doc__)
    parser.add_argument("--stack", required=True, help="local, dev, ...")
    parser.add_argument("--json", action="store_true", help="for scripts")
    chosen = parser.parse_args(arguments)
    try:
        where = place(CHECKOUT, chosen.stack)
        found = _report(CHECKOUT, where)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    show(found, where, as_json=chosen.json)
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
