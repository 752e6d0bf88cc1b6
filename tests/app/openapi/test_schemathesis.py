"""Every operation does what its description says, whatever is sent: Schemathesis, all checks on.

`SCHEMATHESIS_EXAMPLES` is how many cases are made up for an operation, beside the hundreds that
try each limit of its description: 15 unless told, the same ones each time, so that what fails is
what was changed; with 150 there are more than 10,000 in all, others each time.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.keeper.keeper import Keeper
from tests.app.pages.hosted import served, site

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "15"))
SEED = () if "SCHEMATHESIS_EXAMPLES" in os.environ else ("--seed", "1")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
CONFIG = HOOKS.with_name("schemathesis.toml")
# A whole test's output would be its longest body, a hundred times.
LONGEST_LINE = 300

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


def run(address: str, document: Path, examples: int, folder: Path) -> subprocess.CompletedProcess:
    command = [
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(CONFIG),
            "run",
            str(document),
            "--url",
            address,
        ),
        *("--checks", "all", "--max-examples", str(examples), "--no-color", "--workers", "1"),
        *("--warnings", "off", "--output-truncate", "true", *SEED),
    ]
    checkout = str(HOOKS.parents[3])
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "PYTHONPATH": checkout}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@contextmanager
def keeping(settings):
    """Move predictions from the journal into the database, as the service's keeper does.

    At once: with a backlog the answer about an unknown id is 503, which here is a fault.
    """
    ended = threading.Event()

    def keep():
        keeper = Keeper(settings)
        while not ended.wait(0.05):
            keeper.step(time.time())
        keeper.close()

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_no_case_fails(tmp_path):
    """Whatever is sent to any operation, the answer is one that its description announces."""
    # From a file: what comes from an address is not tried at that address.
    document = tmp_path / "openapi.json"
    with site(tmp_path) as made, served(made.app) as address, keeping(made.settings):
        api = made.client().get("/openapi.json").json
        document.write_text(json.dumps(api))
        # Segments change hands as in the service: what is being written to is not drained.
        made.journal.start()
        done = run(address, document, EXAMPLES, tmp_path)
    shown = "\n".join(line[:LONGEST_LINE] for line in done.stdout.splitlines())
    assert done.returncode == 0, shown + done.stderr
    operations = sum(len(verbs) for verbs in api["paths"].values())
    assert f"Selected: {operations}/{operations}" in shown
    generated, passed = re.search(r"(\d+) generated, (\d+) passed", shown).groups()
    assert generated == passed
    assert int(generated) >= max(EXAMPLES, operations)
    # Seen with `pytest -rP`.
    sys.stdout.write(f"{generated} cases, {operations} operations, no failure\n")
