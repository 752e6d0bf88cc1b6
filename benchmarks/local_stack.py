"""Times the life of a local stack, and weighs it at rest."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import recipes
from benchmarks.scratch import Done, ScratchStack

REST_S = 10.0
"""How long the stack is left alone before its memory is read."""


def run(folder: Path) -> dict[str, dict[str, Any]]:
    """Bring a scratch stack up, through every step, and down.

    Parameters
    ----------
    folder
        An empty folder for the copy of the checkout.

    Returns
    -------
    dict
        `seconds` by step, `memory_mb` (proportional set size) by service, and `recipes`, trained
        against the stack's MLflow.

    Raises
    ------
    RuntimeError
        A step failed; its output is the message.
    """
    stack = ScratchStack(folder)
    seconds: dict[str, float] = {}

    def step(name: str, action: Callable[[], Done]) -> None:
        begun = time.perf_counter()
        done = action()
        seconds[name] = time.perf_counter() - begun
        print(f"{seconds[name]:7.1f} s  {name}", flush=True)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    try:
        step("make up, nothing there yet", lambda: stack.command("up"))
        step("make down", lambda: stack.command("down"))
        step("make up, warm (all installed, nothing running)", lambda: stack.command("up"))
        step("pulumi up, no changes", lambda: stack.pulumi("up", "--yes", "--non-interactive"))
        step("pulumi preview", lambda: stack.pulumi("preview", "--non-interactive"))
        step("pulumi refresh", lambda: stack.pulumi("refresh", "--yes", "--non-interactive"))
        time.sleep(REST_S)
        memory = {
            row["service"]: row["memory_mb"]
            for row in json.loads(stack.command("status", "--json").stdout)
            if row["memory_mb"]
        }
        trained = recipes.run(stack)
        step("pulumi destroy", lambda: stack.pulumi("destroy", "--yes", "--non-interactive"))
    finally:
        stack.command("down")
    return {"seconds": seconds, "memory_mb": memory, "recipes": trained}
