"""The commands of docs/training.md are those that exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from training.models.recipes import RECIPES

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "training.md").read_text()
COMMANDS = re.findall(r"^.*python -m (training\.\w+)([^#\n]*)", PAGE, re.MULTILINE)


@pytest.mark.parametrize("module", sorted({module for module, _ in COMMANDS}))
def test_every_option_that_is_shown_is_taken(module):
    """A reader types what is printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = {
        word
        for name, rest in COMMANDS
        if name == module
        for word in shlex.split(rest)
        if word.startswith("--")
    }
    assert shown <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_every_model_is_in_the_table():
    """The page lists the recipes that can be named, and no others."""
    listed = re.findall(r"^\| `([a-z][a-z-]*)`", PAGE, re.MULTILINE)
    assert set(listed) == set(RECIPES)
