"""What is predicted from which columns, with their units and plausible ranges."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """One column, with the range outside of which a value is a mistake and not an observation."""

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

PROBLEMS = {problem.name: problem for problem in (HOUSING, TWO_FEATURES)}

STATLIB = (
    Column("longitude", -125.0, -114.0, "degrees east: negative in California"),
    Column("latitude", 32.0, 42.2, "degrees north"),
    Column("housing_median_age", 0.0, 110.0, "years"),
    Column("total_rooms", 1.0, 200_000.0, "rooms in the district"),
    Column("total_bedrooms", 1.0, 100_000.0, "bedrooms in the district"),
    Column("population", 1.0, 100_000.0, "people in the district"),
    Column("households", 1.0, 100_000.0, "households in the district"),
    Column("median_income", 0.1, 20.0, "median income in 10,000 USD"),
    Column("median_house_value", 1_000.0, 1_000_000.0, "USD"),
)
"""The original file's columns, from which features and target are derived."""

STATLIB_COLUMNS = tuple(column.name for column in STATLIB)

TABLES = {
    "statlib": STATLIB,
    "housing": (*FEATURES, TARGET),
    "two-features": (*TWO_FEATURES.columns, TWO_FEATURES.target),
}
"""The tables that a file can hold, by name: told apart by their columns."""
