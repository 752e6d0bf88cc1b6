"""Makes the previous champion champion again: `python -m training.rollback`."""

import argparse
import sys
from typing import Any

from training import champion
from training.command import UNREGISTERED, answer, say, stoppable
from training.errors import TrainingError
from training.schema import HOUSING
from training.tracking import CHAMPION, PATIENCE_S, PREVIOUS, tracking_uri, wait_until_reachable


def roll_back(uri: str, name: str) -> dict[str, Any]:
    """Swap the aliases `champion` and `previous`, so that a second rollback undoes the first.

    Raises
    ------
    TrainingError
        There is no previous champion, or it cannot be opened any more.
    """
    previous = champion.find(uri, name, PREVIOUS)
    if previous is None:
        message = f"{name} has no {PREVIOUS} champion: there is nothing to go back to"
        raise TrainingError(message)
    champion.open_version(uri, previous)

    from mlflow import MlflowClient  # noqa: PLC0415 - seconds that a refusal need not wait for
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    from training.registry import move_champion  # noqa: PLC0415
    from training.run import first_line, quiet  # noqa: PLC0415

    quiet()
    try:
        replaced = move_champion(MlflowClient(), name, previous.number)
    except MlflowException as error:
        message = f"MLflow at {uri} failed: {first_line(error)}"
        raise TrainingError(message) from error
    say(f"{name}: {CHAMPION} is version {previous.number} again, instead of {replaced}")
    return {"model": name, CHAMPION: previous.number, PREVIOUS: replaced}


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, roll back, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.rollback", description=__doc__)
    parser.add_argument("--problem", default=HOUSING.name, help="the registered model's name")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args(arguments)

    def work() -> dict[str, Any]:
        uri = tracking_uri()
        wait_until_reachable(uri, say, PATIENCE_S)
        return roll_back(uri, chosen.problem)

    return answer("Rollback", work, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(stoppable(main, UNREGISTERED))
