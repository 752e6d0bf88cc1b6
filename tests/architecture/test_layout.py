"""Rules about the code as a whole."""

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("infra", "app", "training", "monitoring", "benchmarks")
MODULES = [path for package in PACKAGES for path in sorted((CHECKOUT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_a_module_says_its_purpose_and_can_be_read_at_once(path):
    """The first docstring line is a sentence; no file is longer than a sitting."""
    text = path.read_text()
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert docstring.split("\n")[0].endswith(".")
    assert len(text.splitlines()) <= 400


def test_no_file_is_called_utils():
    """Files are split by subject."""
    assert not [p for p in MODULES if p.stem in {"utils", "util", "helpers", "common", "misc"}]
