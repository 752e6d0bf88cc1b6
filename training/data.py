"""California Housing: where it comes from, what it must look like, how it is split."""

import csv
import gzip
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError
from training.schema import (
    FEATURES,
    HOUSING,
    STATLIB_COLUMNS,
    TARGET,
    TWO_FEATURES,
    Problem,
)

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


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
        digest = hashlib.sha256(np.ascontiguousarray(self.features).tobytes())
        digest.update(np.ascontiguousarray(self.target).tobytes())
        return digest.hexdigest()


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


def read_csv(path: Path) -> Housing:
    """Read the original nine columns from a CSV file, plain or gzipped, and derive the features.

    Raises
    ------
    TrainingError
        The file cannot be read, lacks a column, or has a value that is no number or not plausible.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as {'gzipped ' * (path.suffix == '.gz')}CSV: {error}"
        raise TrainingError(message) from error
    table = _numbers(text, path.name)
    return derive(table, dataset="california-housing", source=str(path))


def derive(table: Floats, *, dataset: str, source: str) -> Housing:
    """Derive the eight features and the target from the nine original columns.

    The result is bit-identical to scikit-learn's `fetch_california_housing`.

    Parameters
    ----------
    table
        (rows, 9), in the order of `training.schema.STATLIB_COLUMNS`.

    Raises
    ------
    TrainingError
        A value is not plausible.
    """
    column = dict(zip(STATLIB_COLUMNS, table.T, strict=True))
    households = column["households"]
    _refuse(households < 1, "households", households, "at least 1", source)
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
    housing = Housing(features, column["median_house_value"] / 100_000.0, dataset, source)
    validate(housing)
    return housing


def validate(housing: Housing) -> None:
    """Check that every value lies in its column's plausible range.

    Raises
    ------
    TrainingError
        There are too few rows to split, or a value is not a number or out of range; names the
        row, the column and the value.
    """
    rows = len(housing.target)
    enough = 100
    if rows < enough:
        message = f"{housing.source}: {rows} rows: at least {enough} are needed to train and test"
        raise TrainingError(message)
    columns = [*zip(FEATURES, housing.features.T, strict=True), (TARGET, housing.target)]
    for column, values in columns:
        # Written so that NaN, for which every comparison is false, is refused as well.
        wrong = ~((values >= column.low) & (values <= column.high))
        wanted = f"between {column.low:g} and {column.high:g} ({column.unit})"
        _refuse(wrong, column.name, values, wanted, housing.source)


def _refuse(
    wrong: npt.NDArray[np.bool_], name: str, values: Floats, wanted: str, source: str
) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        message = (
            f"{source}: row {row + 1} (line {row + 2}), column {name}: {values[row]:g} is not "
            f"plausible: it must be {wanted}; {int(wrong.sum())} rows are like it"
        )
        raise TrainingError(message)


def _numbers(text: str, name: str) -> Floats:
    lines = csv.reader(io.StringIO(text))
    header = [column.strip() for column in next(lines, [])]
    missing = [column for column in STATLIB_COLUMNS if column not in header]
    if missing:
        message = (
            f"{name}: column {', '.join(missing)} is missing: the first line must name "
            f"{', '.join(STATLIB_COLUMNS)}; it names {', '.join(header) or 'nothing'}"
        )
        raise TrainingError(message)
    places = [header.index(column) for column in STATLIB_COLUMNS]
    return np.array(
        [_row(cells, places, f"{name}: line {lines.line_num}") for cells in lines if cells],
        dtype=np.float64,
    ).reshape(-1, len(places))


def _row(cells: Sequence[str], places: Sequence[int], where: str) -> list[float]:
    try:
        return [float(cells[place]) for place in places]
    except (IndexError, ValueError):
        for column, place in zip(STATLIB_COLUMNS, places, strict=True):
            _cell(cells, place, f"{where}, column {column}")
        raise


def _cell(cells: Sequence[str], place: int, where: str) -> float:
    if place >= len(cells):
        message = f"{where}: the line ends after {len(cells)} values; is the file cut off?"
        raise TrainingError(message)
    try:
        return float(cells[place])
    except ValueError as error:
        message = f"{where}: {cells[place]!r} is not a number"
        raise TrainingError(message) from error
