"""Python environments for programs of others: one a lock file, made once, kept in the cache.

In the project's environment their dependencies would get in the way of its own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from infra.errors import UserError
from infra.local.install import InstallError, cache_folder, digest, obtain_uv


def environment(lock: Path) -> Path:
    """Return the folder of an environment's programs; it is made once a lock, from its hashes.

    Raises
    ------
    UserError
        The packages can't be had.
    """
    cache = cache_folder()
    home = cache / f"{lock.stem}-{digest(lock)[:12]}"
    if not home.exists():
        try:
            uv = obtain_uv(cache)
        except InstallError as error:
            raise UserError(str(error)) from error
        with tempfile.TemporaryDirectory(dir=cache, prefix=f"{lock.stem}.new-") as folder:
            made = Path(folder) / "venv"
            # Its scripts must still run when the folder has been renamed.
            _run([uv, "venv", "--quiet", "--relocatable", "--python", sys.executable, made], lock)
            options = ("--quiet", "--require-hashes", "--python", made / "bin" / "python")
            _run([uv, "pip", "sync", *options, lock], lock)
            # Two sessions at once: the first is as good as the second.
            if not home.exists():
                made.rename(home)
    return home / "bin"


def _run(command: list[str | Path], lock: Path) -> None:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = f"the environment of {lock.name} can't be made: {done.stderr.strip()}"
        raise UserError(message)
