"""Runs checkov, a judge that nobody here wrote, in an environment of its own."""

import json
import os
import subprocess
from pathlib import Path

from tests.judges import environment

LOCK = Path(__file__).with_name("checkov.txt")


def results(plan, folder):
    """Return what checkov says of a Terraform plan: ids and names of resources, by verdict."""
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    command = [
        environment(LOCK) / "python",
        "-m",
        "checkov.main",
        "--file",
        path,
        "--output",
        "json",
    ]
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
