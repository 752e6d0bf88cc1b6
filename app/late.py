"""Names a function without importing it: for what a worker may never need, or not at its start."""

import importlib
from collections.abc import Callable
from typing import Any


def late(module: str, name: str) -> Callable[..., Any]:
    """Return a function that imports `module` at its first call, and calls `name` in it."""

    def call(*positional: Any, **named: Any) -> Any:  # noqa: ANN401 - as the other function has it
        return getattr(importlib.import_module(module), name)(*positional, **named)

    return call
