"""Data sets: what they must look like, how they are read and split."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from training.checks import check_ranges, numbers, recognise
from training.errors import TrainingError
from training.parts import PartsFolder
from training.schema import (
    HOUSING,
    STATLIB_COLUMNS,
    TABLES,
    TWO_FEATURES,
    Problem,
)
from training.storage import Location
from training.tables import ROWS_AT_ONCE, Table

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
FEWEST_ROWS = 100


@dataclass(frozen=True)
class Dataset:
    """The data as training uses it.

    `features` is (rows, columns) in the order of the problem's columns; `target` is (rows,);
    `dataset` is what the run is tagged with; `source` says where it was found.
    """

    problem: ClassVar[Problem]

    features: Floats
    target: Floats
    dataset: str
    source: str

    def content_hash(self) -> str:
        """Return the SHA-256 of all values: the same for the same rows, wherever they came from."""
        digest = hashlib.sha256()
        update_hash(digest, self.features, self.target)
        return digest.hexdigest()

    @property
    def rows(self) -> int:
        """Count the rows."""
        return len(self.target)


def update_hash(digest: Any, features: Floats, target: Floats) -> None:  # noqa: ANN401 - hashlib's
    """Add rows to a content hash, row by row: it does not matter how they come in batches."""
    for start in range(0, len(target), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        digest.update(np.column_stack([features[rows], target[rows]]))


class Housing(Dataset):
    """California Housing: 8 features, and the target in 100,000 USD."""

    problem = HOUSING


class TwoFeatures(Dataset):
    """The small classification set: 2 features, and the class, 0 or 1."""

    problem = TWO_FEATURES


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts."""

    train: Rows
    validation: Rows
    test: Rows


def published_split(rows: int) -> Split:
    """Split as the published results do: 13,209 / 3,303 / 4,128 of 20,640 rows.

    The index files of "Revisiting Deep Learning Models for Tabular Data" (Gorishniy et al. 2021)
    are exactly two calls of scikit-learn's `train_test_split`, which these lines do without it.
    """
    rest, test = _parted(np.arange(rows), seed=0)
    train, validation = _parted(rest, seed=1)
    return Split(train=train, validation=validation, test=test)


def _parted(rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """Return four fifths of the rows and one fifth, as `train_test_split` shuffles them."""
    held_out = -(-len(rows) // 5)
    order = np.random.RandomState(seed).permutation(len(rows))
    return rows[order[held_out:]], rows[order[:held_out]]


def read_housing(location: Location) -> Housing:
    """Read the nine original columns, or features and target, from a file or an extracted folder.

    A file is CSV, plain or gzipped, or Parquet; a folder is one that `training.extract` wrote.

    Raises
    ------
    TrainingError
        It cannot be read, lacks a column, or has a value that is no number or not plausible.
    """
    found = list(housing_batches(location))
    if not found:
        message = f"{location.text}: 0 rows: at least {FEWEST_ROWS} are needed to train and test"
        raise TrainingError(message)
    features, target = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    housing = Housing(features, target, "california-housing", location.text)
    _refuse_few(housing)
    return housing


def housing_batches(location: Location) -> Iterator[tuple[Floats, Floats]]:
    """Yield features, (rows, 8), and target, (rows,), a batch of bounded size at a time.

    Raises
    ------
    TrainingError
        As `read_housing`, but for the least number of rows.
    """
    for file in PartsFolder(location).files() if location.is_folder() else [location]:
        table = Table(file)
        name = recognise(table.names, table.source, ("statlib", "housing"))
        for batch in table.batches():
            values = numbers(batch.rows, TABLES[name], table.source, batch.place)
            if name == "housing":
                yield values[:, :-1], values[:, -1]
                continue
            features, target = _derived(values)
            # Ratios of plausible columns need not be plausible.
            check_ranges(features, HOUSING.columns, table.source, batch.place)
            yield features, target


def derive(table: Floats, *, dataset: str, source: str) -> Housing:
    """Derive the eight features and the target from the nine original columns.

    The result is bit-identical to scikit-learn's `fetch_california_housing`.

    Parameters
    ----------
    table
        (rows, 9), in the order of `training.schema.STATLIB`.

    Raises
    ------
    TrainingError
        A value is not plausible.
    """
    features, target = _derived(table)
    housing = Housing(features, target, dataset, source)
    validate(housing)
    return housing


def _derived(table: Floats) -> tuple[Floats, Floats]:
    column = dict(zip(STATLIB_COLUMNS, table.T, strict=True))
    households = column["households"]
    features = np.column_stack(
        [
            column["median_income"],
            column["housing_median_age"],
            column["total_rooms"] / households,
            column["total_bedrooms"] / households,
            column["population"],
            column["population"] / households,
            column["latitude"],
            column["longitude"],
        ]
    )
    return features, column["median_house_value"] / 100_000.0


def validate(data: Dataset) -> None:
    """Check that there are enough rows and that every value is plausible.

    Raises
    ------
    TrainingError
        There are too few rows to split, or a value is not a number or out of range; names the
        row, the column and the value.
    """
    _refuse_few(data)
    values = np.column_stack([data.features, data.target])
    check_ranges(values, (*data.problem.columns, data.problem.target), data.source)


def _refuse_few(data: Dataset) -> None:
    if data.rows < FEWEST_ROWS:
        message = (
            f"{data.source}: {data.rows} rows: at least {FEWEST_ROWS} are needed to train and test"
        )
        raise TrainingError(message)
