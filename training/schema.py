"""What is predicted from which columns, with their units and plausible ranges."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """One column, with the range outside of which a value is a mistake and not a house."""

    name: str
    low: float
    high: float
    unit: str

    def as_dict(self) -> dict[str, Any]:
        """Return the column as the plain values that travel with a model."""
        return asdict(self)


@dataclass(frozen=True)
class Problem:
    """What is predicted from which columns; each problem is one registered model.

    Without `classes` the target is a number; with them it is one of them.
    """

    name: str
    columns: tuple[Column, ...]
    target: Column
    classes: tuple[int, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)


# The data's own extremes (1990 census, Pace & Barry 1997) with room around them; wide enough for
# any district of California, narrow enough for dollars, degrees swapped and people counted twice.
FEATURES = (
    Column("MedInc", 0.1, 20.0, "median income in 10,000 USD"),
    Column("HouseAge", 0.0, 110.0, "median age of the houses in years"),
    Column("AveRooms", 0.1, 200.0, "rooms per household"),
    Column("AveBedrms", 0.1, 60.0, "bedrooms per household"),
    Column("Population", 1.0, 100_000.0, "people in the district"),
    Column("AveOccup", 0.1, 2_000.0, "people per household"),
    Column("Latitude", 32.0, 42.2, "degrees north"),
    Column("Longitude", -125.0, -114.0, "degrees east: negative in California"),
)
TARGET = Column("MedHouseVal", 0.01, 10.0, "median house value in 100,000 USD")

FEATURE_NAMES = tuple(column.name for column in FEATURES)

HOUSING = Problem("california-housing", FEATURES, TARGET)

TWO_FEATURES = Problem(
    "two-feature-classes",
    (
        Column("feature1", -1_000.0, 1_000.0, "no unit: generated"),
        Column("feature2", -1_000.0, 1_000.0, "no unit: generated"),
    ),
    Column("class", 0.0, 1.0, "class 0 or 1"),
    classes=(0, 1),
)

STATLIB_COLUMNS = (
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
    "median_house_value",
)
"""The original file's columns, from which features and target are derived."""
