"""Runs checkov, a judge that nobody here wrote, in an environment of its own.

In the project's environment its dependencies would be pushed to versions of years ago.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local.install import cache_folder, digest, obtain_uv

LOCK = Path(__file__).with_name("checkov.txt")


def environment():
    """Return the environment's Python; it is made once a lock file, from the lock's hashes."""
    cache = cache_folder()
    home = cache / f"checkov-{digest(LOCK)[:12]}"
    if not home.exists():
        uv = obtain_uv(cache)
        with tempfile.TemporaryDirectory(dir=cache, prefix="checkov.new-") as folder:
            made = Path(folder) / "venv"
            _run([uv, "venv", "--quiet", "--python", sys.executable, made])
            options = ("--quiet", "--require-hashes", "--python", made / "bin" / "python")
            _run([uv, "pip", "sync", *options, LOCK])
            # Two sessions at once: the first is as good as the second.
            if not home.exists():
                made.rename(home)
    return home / "bin" / "python"


def _run(command):
    subprocess.run([str(word) for word in command], check=True)


def results(plan, folder):
    """Return what checkov says of a Terraform plan: ids and names of resources, by verdict."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    command = [environment(), "-m", "checkov.main", "--file", path, "--output", "json"]
    done = subprocess.run(
        [*map(str, command), "--framework", "terraform_plan", "--skip-download", "--soft-fail"],
        env={**os.environ, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["summary"]["parsing_errors"] == 0
    assert said["summary"]["resource_count"] == len(plan["resource_changes"])
    return {
        verdict: {(c["check_id"], c["resource"]) for c in said["results"][f"{verdict}_checks"]}
        for verdict in ("passed", "failed")
    }
