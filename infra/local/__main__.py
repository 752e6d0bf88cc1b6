"""Commands of stack `local`: up, down, status, logs (what `make` calls)."""

import argparse
import sys
from pathlib import Path

from infra.errors import UserError
from infra.local import lifecycle, overview

CHECKOUT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="bring everything up; return when a prediction has answered")
    commands.add_parser("down", help="stop everything; data and models stay")
    status = commands.add_parser("status", help="show services, health, memory and URLs")
    status.add_argument("--json", action="store_true", help="for scripts")
    logs = commands.add_parser("logs", help="follow the logs of all services")
    logs.add_argument("--no-follow", action="store_true", help="print their ends and return")
    chosen = parser.parse_args(arguments)
    try:
        match chosen.command:
            case "up":
                return lifecycle.up(CHECKOUT)
            case "down":
                return lifecycle.down(CHECKOUT)
            case "status":
                return overview.status(CHECKOUT, as_json=chosen.json)
            case _:
                return overview.logs(CHECKOUT, follow=not chosen.no_follow)
    except UserError as error:
        print(f"\nerror: {error}", file=sys.stderr)  # noqa: T201
    except KeyboardInterrupt:
        if chosen.command != "logs":
            print("\ninterrupted: `make up` continues from here", file=sys.stderr)  # noqa: T201
        return 0 if chosen.command == "logs" else 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
