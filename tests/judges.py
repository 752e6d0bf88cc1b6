"""Environments of their own for judges: programs of others that judge what this project makes.

In the project's environment their dependencies would get in the way of its own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local.install import cache_folder, digest, obtain_uv

LOCK = Path(__file__).with_name("judges.txt")
"""compose-spec, hadolint, shellcheck, sslyze."""


def environment(lock: Path = LOCK) -> Path:
    """Return the folder of an environment's programs; it is made once a lock, from its hashes.

    Its Python programs run by `python -m` only: their first lines name where they were made.
    """
    cache = cache_folder()
    home = cache / f"{lock.stem}-{digest(lock)[:12]}"
    if not home.exists():
        uv = obtain_uv(cache)
        with tempfile.TemporaryDirectory(dir=cache, prefix=f"{lock.stem}.new-") as folder:
            made = Path(folder) / "venv"
            _run([uv, "venv", "--quiet", "--python", sys.executable, made])
            options = ("--quiet", "--require-hashes", "--python", made / "bin" / "python")
            _run([uv, "pip", "sync", *options, lock])
            # Two sessions at once: the first is as good as the second.
            if not home.exists():
                made.rename(home)
    return home / "bin"


def _run(command):
    subprocess.run([str(word) for word in command], check=True)
