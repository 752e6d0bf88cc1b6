"""Measures in a process of its own, so that what was done before does not count."""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

Figures = dict[str, float]


def figures(module: str, *arguments: str) -> Figures:
    """Run a benchmark's module with arguments; return the JSON that it ends with.

    Raises
    ------
    RuntimeError
        It failed; its output is the message.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def peak_mb() -> int:
    """Return the most memory that this process had resident since its program began.

    Not `ru_maxrss`: that begins with what the parent had, as a child starts as its copy.
    """
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(kilobytes) / 1024)
