"""Pure: traces a model's features back to what people entered."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LOCATION = "location and neighbourhood"
OTHER = "other features"

_PLACE = re.compile(r"Latitude|Longitude|km_.*|turned_.*|near_.*|alike_.*")
_RATIOS = {
    "bedrooms_per_room": ("AveBedrms", "AveRooms"),
    "rooms_per_person": ("AveRooms", "AveOccup"),
    "households": ("Population", "AveOccup"),
    "income_per_occupant": ("MedInc", "AveOccup"),
    "income_per_room": ("MedInc", "AveRooms"),
    "total_rooms": ("Population", "AveOccup", "AveRooms"),
}
"""The features that are computed from several columns, as training/features.py does."""
_ABOVE_ALIKE = "above_alike_"


def shares(
    features: Sequence[str], columns: Sequence[str]
) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Return the drivers, and how much of each feature belongs to each: (features, drivers).

    A feature that is computed from several columns belongs to them in equal parts. Where the
    features are the columns themselves, they are the drivers.
    """
    if tuple(features) == tuple(columns):
        return tuple(columns), np.eye(len(columns))
    sources = [drivers_of(feature, columns) for feature in features]
    used = {driver for found in sources for driver in found}
    drivers = tuple(name for name in (*columns, LOCATION, OTHER) if name in used)
    share = np.zeros((len(features), len(drivers)))
    for row, found in enumerate(sources):
        for driver in found:
            share[row, drivers.index(driver)] += 1.0 / len(found)
    return drivers, share


def drivers_of(feature: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return what a feature is made from: columns, the place, or what is not known here."""
    if _PLACE.fullmatch(feature):
        return (LOCATION,)
    if feature in columns:
        return (feature,)
    if feature.startswith(_ABOVE_ALIKE):
        # The column less what it is in the neighbourhood.
        return (feature.removeprefix(_ABOVE_ALIKE), LOCATION)
    return _RATIOS.get(feature, (OTHER,))
