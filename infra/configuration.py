"""The only reader of Pulumi's configuration."""

import json

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from infra import costs, settings, size
from infra.settings import Settings


def read() -> Settings:
    """Read and judge the configuration of the stack that the engine runs.

    A stack that is too small or too dear is refused like any other value.
    """
    prefix = f"{pulumi.get_project()}:"
    values = {
        key.removeprefix(prefix): _structured(value)
        # The official language host passes the environment, the automation API a variable.
        for key, value in {**get_config_env(), **CONFIG.get()}.items()
        if key.startswith(prefix)
    }
    chosen = settings.read(pulumi.get_project(), pulumi.get_stack(), values)
    size.check(chosen)
    costs.judge(chosen)
    return chosen


def _structured(value: str) -> object:
    """Return a map that the configuration holds; everything else stays text."""
    if not value.startswith("{"):
        return value
    try:
        parsed: object = json.loads(value)
    except ValueError:
        return value
    return parsed
