"""The environment of a Python process that this one starts."""

import os
from collections.abc import Mapping
from pathlib import Path

HOME = Path(__file__).parents[1]


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return it with these packages on its path, wherever this process found them.

    Not by its working folder: paths in the environment may be relative to that.
    """
    paths = [str(HOME), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}
