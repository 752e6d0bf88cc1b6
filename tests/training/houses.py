"""Houses for the tests of jobs: rows of the nine original columns, as text and as tables."""

import numpy as np
import pyarrow as pa

from training.data import Housing
from training.generate import generate
from training.schema import FEATURE_NAMES, STATLIB_COLUMNS


def table(rows: int, seed: int = 0) -> pa.Table:
    """Return generated houses in the nine original columns."""
    return original(generate(rows, seed))


def original(housing: Housing) -> pa.Table:
    """Return houses in the nine original columns."""
    features = dict(zip(FEATURE_NAMES, housing.features.T, strict=True))
    households = np.round(features["Population"] / features["AveOccup"])
    columns = (
        features["Longitude"],
        features["Latitude"],
        features["HouseAge"],
        features["AveRooms"] * households,
        features["AveBedrms"] * households,
        features["Population"],
        households,
        features["MedInc"],
        housing.target * 100_000,
    )
    return pa.table(dict(zip(STATLIB_COLUMNS, columns, strict=True)))


def csv(houses: pa.Table) -> bytes:
    """Return a table as CSV."""
    rows = [",".join(map(repr, row.values())) for row in houses.to_pylist()]
    return "\n".join([",".join(houses.column_names), *rows, ""]).encode()
