"""Where several workers of one server keep their metrics, so that any of them can tell all.

prometheus_client writes each worker's figures to files in PROMETHEUS_MULTIPROC_DIR, which must be
set before it is imported. The files of a worker that died stay and go on counting.
"""

import os
import shutil
import stat
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
LIVE = "gauge_live*_*.db"


def shared_folder(base: Path | None = None) -> Path:
    """Return this server's folder, the same for all of its workers; remove those of dead servers.

    A server is known by the process that started this one: its number, which may come back, and
    when it started, which does not.

    Raises
    ------
    OSError
        The folder cannot be made, or belongs to somebody else.
    """
    base = base or Path(tempfile.gettempdir(), f"xgboost-api-metrics-{os.getuid()}")
    base.mkdir(mode=0o700, exist_ok=True)
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        message = f"{base} is not a folder of this user's: remove it"
        raise OSError(message)
    own = _server(os.getppid())
    for folder in base.iterdir():
        number = folder.name.partition("-")[0]
        if folder.name != own and (not number.isdecimal() or _server(int(number)) != folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    (base / own).mkdir(exist_ok=True)
    return base / own


def forget_dead_workers(folder: Path) -> None:
    """Remove what dead workers say of the present, as their memory; their counts stay."""
    for file in folder.glob(LIVE):
        number = file.stem.rpartition("_")[2]
        if not Path("/proc", number).exists():
            file.unlink(missing_ok=True)


def _server(number: int) -> str:
    try:
        # The program's name, in brackets, may hold spaces; 20 fields after it: the start time.
        after_name = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2]
        return f"{number}-{after_name.split()[19]}"
    except OSError:
        return f"{number}-gone"
