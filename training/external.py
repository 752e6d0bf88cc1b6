"""Fits trees on more rows than memory holds: the rows stay in their files, read in batches.

XGBoost keeps what it makes of them in pages on disk (its external memory); in memory are a few
numbers a row.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from training.data import FEWEST_ROWS, Floats, Housing, housing_batches, update_hash
from training.errors import TrainingError
from training.evaluate import error_metrics
from training.gate import row_marks
from training.models.boosted import Boosted, boost, threads
from training.models.interface import Params, Part, Recipe
from training.schema import FEATURE_NAMES
from training.storage import Location
from training.trained import Parts, Trained

NAMES = ("train", "validation", "test")
SHARES = (0.64, 0.16, 0.20)
"""Those of the published split."""

SAMPLE_ROWS = 20_000
"""So many rows of each part are kept for the report and the reference of drift."""

Marks = npt.NDArray[np.uint64]


@dataclass
class Sample:
    """The rows of a part with the smallest marks: the same, whatever order they came in."""

    rows: Floats = field(default_factory=lambda: np.empty((0, len(FEATURE_NAMES))))
    target: Floats = field(default_factory=lambda: np.empty(0))
    marks: Marks = field(default_factory=lambda: np.empty(0, np.uint64))

    def add(self, rows: Floats, target: Floats, marks: Marks) -> None:
        """Take a batch, and keep no more than `SAMPLE_ROWS`."""
        marks = np.concatenate([self.marks, marks])
        kept = np.argsort(marks, kind="stable")[:SAMPLE_ROWS]
        self.rows = np.concatenate([self.rows, rows])[kept]
        self.target = np.concatenate([self.target, target])[kept]
        self.marks = marks[kept]


@dataclass(frozen=True)
class Survey(Housing):
    """What one reading of all rows tells: `features` and `target` are those of the samples."""

    location: Location
    samples: Mapping[str, Sample]
    seen: Marks
    """The marks of the rows for fitting and for stopping."""

    bounds: tuple[float, float]
    """The lowest and highest target of the rows for fitting."""

    count: int
    digest: str

    @property
    def rows(self) -> int:
        """Count all rows."""
        return self.count

    def content_hash(self) -> str:
        """Return the hash of all rows."""
        return self.digest


def survey(location: Location) -> Survey:
    """Read and check all rows of a file or of an extracted folder once.

    Raises
    ------
    TrainingError
        The rows cannot be read, are not plausible or too few.
    """
    samples = {name: Sample() for name in NAMES}
    seen: list[Marks] = []
    low, high, count, digest = np.inf, -np.inf, 0, hashlib.sha256()
    for rows, target, marks in _batches(location):
        parts = part_of(marks)
        for number, name in enumerate(NAMES):
            mine = parts == number
            samples[name].add(rows[mine], target[mine], marks[mine])
        seen.append(marks[parts != NAMES.index("test")])
        fitted = target[parts == NAMES.index("train")]
        low = min(low, fitted.min(initial=np.inf))
        high = max(high, fitted.max(initial=-np.inf))
        update_hash(digest, rows, target)
        count += len(target)
    if count < FEWEST_ROWS:
        message = f"{location.text}: {count} rows: at least {FEWEST_ROWS} are needed"
        raise TrainingError(message)
    return Survey(
        features=np.concatenate([samples[name].rows for name in NAMES]),
        target=np.concatenate([samples[name].target for name in NAMES]),
        dataset="california-housing",
        source=location.text,
        location=location,
        samples=samples,
        seen=np.concatenate(seen),
        bounds=(float(low), float(high)),
        count=count,
        digest=digest.hexdigest(),
    )


def fit(found: Survey, recipe: Recipe, params: Params, seed: int) -> Trained:
    """Fit on the surveyed rows, and measure on all of their test part.

    Which part a row belongs to is told by its values, so it is the same in every run and in every
    file. The parts of what is returned are samples of the data's.
    """
    location = found.location
    with tempfile.TemporaryDirectory(prefix="xgboost-") as pages:
        booster, curves = _boost(location, params, seed, Path(pages))
    booster.feature_names = list(FEATURE_NAMES)
    booster.set_param({"nthread": threads()})
    model = Boosted(booster, found.bounds, None, curves)
    metrics = {
        f"{name}_{figure}": value
        for name in NAMES[1:]
        for figure, value in _measure(location, model, recipe, name).items()
    }
    parts = Parts(*(Part(found.samples[name].rows, found.samples[name].target) for name in NAMES))
    return Trained(recipe, params, parts, model, {**metrics, **model.figures}, found.seen)


def refuse_in_memory_only(recipe: Recipe, params: Params) -> None:
    """Refuse a recipe that needs all rows at once.

    Raises
    ------
    TrainingError
        Names a recipe that does not.
    """
    plain = recipe.name == "xgboost"
    if not plain or params.get("geographic") or int(params.get("members", 1)) > 1:
        message = (
            f"--engine external: --model {recipe.name} needs all rows in memory: choose "
            "--model xgboost"
        )
        raise TrainingError(message)


def part_of(marks: Marks) -> npt.NDArray[np.intp]:
    """Return the number of the part, in `NAMES`, of each row with these marks."""
    # The marks are made for telling rows apart: a multiplication spreads them evenly (Fibonacci
    # hashing, Knuth 1973, 6.4).
    spread = marks * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(11)
    return np.searchsorted(np.cumsum(SHARES)[:-1], spread / 2.0**53, side="right")


def _batches(location: Location) -> Iterator[tuple[Floats, Floats, Marks]]:
    for rows, target in housing_batches(location):
        yield rows, target, row_marks(rows, target)


def _of_part(location: Location, name: str) -> Iterator[tuple[Floats, Floats]]:
    for rows, target, marks in _batches(location):
        mine = part_of(marks) == NAMES.index(name)
        if mine.any():
            yield rows[mine], target[mine]


class _Pages(xgb.DataIter):
    """Hands XGBoost one part's rows, a batch at a time, as often as it asks."""

    def __init__(self, location: Location, name: str, folder: Path) -> None:
        super().__init__(cache_prefix=str(folder / name))
        self._batches: Callable[[], Iterator[tuple[Floats, Floats]]] = lambda: _of_part(
            location, name
        )
        self._rest = self._batches()

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over the next batch; tell whether there was one."""
        batch = next(self._rest, None)
        if batch is None:
            return False
        input_data(data=batch[0], label=batch[1])
        return True

    def reset(self) -> None:
        """Begin again."""
        self._rest = self._batches()


def _boost(
    location: Location, params: Params, seed: int, folder: Path
) -> tuple[xgb.Booster, dict[str, list[float]]]:
    count = {"nthread": threads()}
    known = xgb.ExtMemQuantileDMatrix(_Pages(location, "train", folder), **count)
    watched = xgb.ExtMemQuantileDMatrix(_Pages(location, "validation", folder), ref=known, **count)
    return boost(known, watched, params, seed)


def _measure(location: Location, model: Boosted, recipe: Recipe, name: str) -> dict[str, float]:
    found = [(target, model.predict(rows)) for rows, target in _of_part(location, name)]
    true, predicted = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return error_metrics(recipe.problem, true, predicted)
