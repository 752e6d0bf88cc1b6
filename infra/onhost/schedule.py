"""When a job that is repeated is due: the time of a file tells when it last began."""

from pathlib import Path


def is_due(mark: Path, every_s: int, now_s: float) -> bool:
    """Tell whether the job is to begin now, and note that it does.

    The first look only begins the waiting. The note is made before the job: one that takes the
    host down with it is not repeated at once.

    Parameters
    ----------
    mark
        The job's file, on the data volume: it outlives agent and host.
    """
    if mark.exists() and now_s - mark.stat().st_mtime < every_s:
        return False
    begins = mark.exists()
    mark.touch()
    return begins
