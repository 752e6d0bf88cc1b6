"""The champion that a challenger is to beat, with the rows that it was trained on."""

from dataclasses import dataclass

from training import champion
from training.champion import Opened, Version
from training.errors import TrainingError
from training.models.interface import Part
from training.rows import ROWS_FILE, TrainingRows


@dataclass(frozen=True)
class Incumbent:
    """A champion; `before` is None when its version is of a time that kept no rows."""

    version: Version
    opened: Opened
    before: Part | None

    @property
    def called(self) -> str:
        """What sentences call it."""
        return f"champion {self.version.number}"


def open_incumbent(uri: str, name: str) -> Incumbent | None:
    """Return the champion of a model, or None when it has none.

    Raises
    ------
    TrainingError
        MLflow is not reachable, or the champion cannot be opened: nothing can be compared then.
    """
    version = champion.find(uri, name)
    if version is None:
        return None
    with champion.fetched(uri, version) as folder:
        opened = champion.open_folder(folder)
        file = folder / ROWS_FILE
        before = _rows(file.read_bytes()) if file.exists() else None
    return Incumbent(version, opened, before)


def _rows(content: bytes) -> Part:
    try:
        found = TrainingRows.from_bytes(content)
    except ValueError as error:
        message = f"{ROWS_FILE}: {error}"
        raise TrainingError(message) from error
    return Part(found.rows, found.target)
