"""A real Chromium, where this machine has one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, browsing, program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = program()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    # It goes on writing to its folder while it ends.
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        browsing(chromium, Path(profile)) as running,
    ):
        yield running
