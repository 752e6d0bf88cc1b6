"""What the keeper tells the workers, by a file: any worker shows it in /metrics."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "figures.json"


@dataclass(frozen=True)
class Figures:
    """`live` has model, version, error and rows of each version with recent feedback.

    The file is as old as the keeper's last success with the database.
    """

    live: Sequence[tuple[str, str, float, int]]
    damaged: int

    def write(self, folder: Path) -> None:
        """Replace the file as a whole."""
        new = folder / f"{NAME}.new"
        new.write_text(json.dumps([self.live, self.damaged]))
        new.replace(folder / NAME)


def read(folder: Path) -> Figures | None:
    """Return the figures; None: there are none yet."""
    try:
        live, damaged = json.loads((folder / NAME).read_text())
        return Figures([(str(m), str(v), float(e), int(n)) for m, v, e, n in live], int(damaged))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("the keeper's figures cannot be read: %s", error)
        return None


def written_at(folder: Path) -> float:
    """Return when the file was written, in seconds since 1970; 0: never."""
    try:
        return (folder / NAME).stat().st_mtime
    except OSError:
        return 0.0
