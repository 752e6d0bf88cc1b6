"""One local stack for all end-to-end tests."""

import pytest

from benchmarks.scratch import ScratchStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """A stack that is up; whatever a test leaves of it is ended."""
    made = ScratchStack(tmp_path_factory.mktemp("clone with a space"))
    made.first_up = made.command("up", timeout_s=900)
    try:
        assert made.first_up.returncode == 0, made.first_up.stdout + made.first_up.stderr
        yield made
    finally:
        made.command("down")
