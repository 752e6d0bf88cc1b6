"""The environment of the judges: programs of others that judge what this project makes."""

from pathlib import Path

from benchmarks import environments

LOCK = Path(__file__).with_name("judges.txt")
"""compose-spec, hadolint, shellcheck, sslyze."""


def environment(lock: Path = LOCK) -> Path:
    """Return the folder of the judges' programs."""
    return environments.environment(lock)
