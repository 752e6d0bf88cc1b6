"""The 57 features of the geographic model, made from the eight raw ones.

This file travels inside the artifact of each model that uses it, and the API runs that copy: see
`docs/adr/0006-features-travel-with-the-model.md`. So it imports numpy and scipy, and nothing of
this project; its SHA-256 stands in `app/approved.py`.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree  # type: ignore[import-untyped]

Floats = npt.NDArray[np.float64]
Near = tuple[Floats, npt.NDArray[np.intp]]
"""Distances in km and row numbers of neighbours, nearest first."""

RAW = (
    *("MedInc", "HouseAge", "AveRooms", "AveBedrms"),
    *("Population", "AveOccup", "Latitude", "Longitude"),
)
MED_INC, HOUSE_AGE, AVE_ROOMS, AVE_BEDRMS, POPULATION, AVE_OCCUP, LATITUDE, LONGITUDE = range(8)

# Kilometres to a degree of latitude, and of longitude at 37 degrees north: California as a plane,
# distances up to 7 % off at its ends. A KD-tree needs a plane, and trees split on order anyway.
KM_PER_DEGREE = np.array([111.2, 111.2 * np.cos(np.radians(37.0))])

# Latitude and longitude of city centres, to a kilometre.
CITIES = {
    "los_angeles": (34.05, -118.24),
    "santa_monica": (34.02, -118.49),
    "newport_beach": (33.62, -117.93),
    "san_diego": (32.72, -117.16),
    "santa_barbara": (34.42, -119.70),
    "bakersfield": (35.37, -119.02),
    "fresno": (36.74, -119.78),
    "san_jose": (37.34, -121.89),
    "palo_alto": (37.44, -122.14),
    "oakland": (37.80, -122.27),
    "san_francisco": (37.77, -122.42),
    "sacramento": (38.58, -121.49),
}
# The coast from north to south as latitude and longitude of 28 points, to some five kilometres.
# fmt: off
COAST = np.array([
    (42.00, -124.20), (41.05, -124.15), (40.45, -124.40), (40.00, -124.05), (39.30, -123.80),
    (38.90, -123.70), (38.30, -123.05), (38.00, -123.00), (37.75, -122.50), (37.50, -122.50),
    (37.10, -122.30), (36.95, -122.00), (36.60, -121.90), (36.25, -121.85), (35.65, -121.20),
    (35.25, -120.90), (34.90, -120.65), (34.45, -120.45), (34.40, -119.70), (34.15, -119.20),
    (34.00, -118.80), (34.00, -118.50), (33.75, -118.40), (33.70, -118.20), (33.60, -117.90),
    (33.20, -117.40), (32.85, -117.25), (32.55, -117.10),
])
# fmt: on
# Trees cut along the axes only: turned axes let one cut follow the coast or a valley.
ANGLES_DEG = (15, 30, 45, 60, 75)

NEIGHBOURS = 30
NEAREST = (1, 5, 10, 30)
CLOSE = 10
COMPARED = (MED_INC, HOUSE_AGE, AVE_OCCUP)
# Added to a distance (km) before it is inverted, as many districts share one point.
SOFTENING_KM = 0.2
FOLDS = 20
# So many are looked up to find 30 of other folds: more than 18 of 48 in one fold of 20 does not
# happen (1e-12 a row).
LOOKED_UP = 48
# How many km one unit of the logarithm counts, in the space of districts that are alike.
KM_PER_LOG = {MED_INC: 5.0, HOUSE_AGE: 2.5, AVE_ROOMS: 2.5, AVE_OCCUP: 2.5}

ROWS_AT_ONCE = 50_000

_CITY_KM = np.array(list(CITIES.values())) * KM_PER_DEGREE
_COAST_KM = COAST * KM_PER_DEGREE
_STRETCH_KM = np.diff(_COAST_KM, axis=0)
_STRETCH_SQUARED = (_STRETCH_KM**2).sum(axis=1)
_STRETCH_LENGTH = np.sqrt(_STRETCH_SQUARED)
_STRETCH_START = np.concatenate([[0.0], np.cumsum(_STRETCH_LENGTH)[:-1]])
# A city is a stretch of no length: one computation for both, since calls of numpy are what a
# single row pays for.
_POINT = np.concatenate([_CITY_KM, _COAST_KM[:-1]]).T.copy()
_STRETCH = np.concatenate([np.zeros_like(_CITY_KM), _STRETCH_KM]).T.copy()
_SHARE = _STRETCH / np.concatenate([np.ones(len(CITIES)), _STRETCH_SQUARED])
_NONE, _WHOLE = np.zeros(len(_POINT[0])), np.ones(len(_POINT[0]))
_ANGLES = np.radians(ANGLES_DEG)
_TURN = np.hstack(
    [
        [np.cos(_ANGLES), np.sin(_ANGLES)],
        [-np.sin(_ANGLES), np.cos(_ANGLES)],
    ]
)
_LAST_OF_NEAREST = np.array(NEAREST) - 1
_LOGGED = np.array(list(KM_PER_LOG))
_LOG_SCALE = np.array(list(KM_PER_LOG.values()))
# One is added, as HouseAge may be 0; a constant factor elsewhere changes no distance.
_LOG_SHIFT = np.array([0.0, 1.0, 0.0, 0.0])
_COMPARED = np.array(COMPARED)

NAMES = (
    *RAW,
    *(f"km_to_{city}" for city in CITIES),
    *("km_to_coast", "km_along_coast"),
    *(f"turned_{angle}_{axis}" for axis in ("north", "east") for angle in ANGLES_DEG),
    *("bedrooms_per_room", "rooms_per_person", "households"),
    *("income_per_occupant", "income_per_room", "total_rooms"),
    *(
        f"{space}_{what}"
        for space in ("near", "alike")
        for what in (*(f"price_{k}" for k in NEAREST), "price_spread", "distance_10")
    ),
    "near_distance_1",
    *(f"alike_{RAW[column]}" for column in COMPARED),
    *(f"above_alike_{RAW[column]}" for column in COMPARED),
)


class GeographicFeatures:
    """Makes the 57 features; knows the training rows, in which it looks up neighbours.

    Parameters
    ----------
    rows
        (rows, 8), the training rows, in the order of `RAW`.
    target
        (rows,), their target.
    """

    def __init__(self, rows: Floats, target: Floats) -> None:
        if len(rows) < LOOKED_UP:
            message = f"{len(rows)} rows: neighbours need at least {LOOKED_UP}"
            raise ValueError(message)
        self._rows, self._target = rows, target
        self._compared = rows[:, _COMPARED]
        self._near, self._alike = cKDTree(_plane_km(rows)), cKDTree(_alike_km(rows))

    def transform(self, rows: Floats) -> Floats:
        """Return the features, (rows, 57), of rows that were not trained on."""
        out = np.empty((len(rows), len(NAMES)))
        # A row by itself goes through the same lines as a vector: half the time of a batch of one.
        parts: Iterable[slice | int] = _parts(len(rows)) if len(rows) > 1 else range(len(rows))
        for part in parts:
            asked = rows[part]
            near = self._near.query(_plane_km(asked), k=NEIGHBOURS)
            alike = self._alike.query(_alike_km(asked), k=NEIGHBOURS)
            self._fill(out[part], asked, near, alike)
        return out

    def transform_training_rows(self, seed: int) -> Floats:
        """Return the features, (rows, 57), of the training rows themselves, out of fold.

        Each row's neighbours come from the other 19 of 20 folds. A row must not see its own
        target, and leaving out that one row alone would still tell it, by what is missing.
        """
        fold = np.random.default_rng(seed).permutation(len(self._rows)) % FOLDS
        out = np.empty((len(self._rows), len(NAMES)))
        for part in _parts(len(self._rows)):
            asked = self._rows[part]
            found = [
                _of_other_folds(tree.query(points, k=LOOKED_UP), fold, fold[part])
                for tree, points in (
                    (self._near, _plane_km(asked)),
                    (self._alike, _alike_km(asked)),
                )
            ]
            self._fill(out[part], asked, *found)
        return out

    def save(self, file: BinaryIO) -> None:
        """Write the training rows, in numpy's format without pickled objects."""
        np.savez(file, rows=self._rows, target=self._target)

    def _fill(self, out: Floats, rows: Floats, near: Near, alike: Near) -> None:
        """Write the features of rows, (rows, 8) or one of (8,), into `out`."""
        out[..., :8] = rows
        _fill_geography(out[..., 8:32], rows)
        _fill_ratios(out[..., 32:38], rows)
        distance = np.empty((*rows.shape[:-1], 2, NEIGHBOURS))
        found = np.empty(distance.shape, dtype=np.intp)
        distance[..., 0, :], found[..., 0, :] = near
        distance[..., 1, :], found[..., 1, :] = alike
        of_spaces = out[..., 38:50].reshape(*rows.shape[:-1], 2, 6)  # a view
        _fill_prices(of_spaces, distance, self._target[found])
        out[..., 50] = distance[..., 0, 0]
        close = self._compared[found[..., 1, :CLOSE]]
        close.sort(axis=-2)
        median = (close[..., CLOSE // 2 - 1, :] + close[..., CLOSE // 2, :]) / 2
        out[..., 51:54] = median
        out[..., 54:57] = rows[..., _COMPARED] - median


def load(file: BinaryIO) -> GeographicFeatures:
    """Return what `GeographicFeatures.save` wrote; the API calls this."""
    with np.load(file, allow_pickle=False) as saved:
        return GeographicFeatures(saved["rows"], saved["target"])


def _parts(rows: int) -> Iterator[slice]:
    # A million rows' neighbours at once would be gigabytes.
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))


def _plane_km(rows: Floats) -> Floats:
    km: Floats = rows[..., LATITUDE:] * KM_PER_DEGREE
    return km


def _alike_km(rows: Floats) -> Floats:
    """Return points that are close when districts are close and of a kind, (rows, 6)."""
    out = np.empty((*rows.shape[:-1], 6))
    out[..., :2] = _plane_km(rows)
    out[..., 2:] = np.log(rows[..., _LOGGED] + _LOG_SHIFT) * _LOG_SCALE
    return out


def _fill_geography(out: Floats, rows: Floats) -> None:
    """Write km to each city, km to and along the coast, and turned axes: (rows, 24)."""
    cities = len(CITIES)
    km = _plane_km(rows)[..., None]  # (rows, axes, 1)
    off = km - _POINT  # (rows, axes, cities and stretches)
    share = _over_axes(off * _SHARE)
    np.maximum(share, _NONE, out=share)
    np.minimum(share, _WHOLE, out=share)
    off -= share[..., None, :] * _STRETCH
    off *= off
    squared = _over_axes(off)
    nearest = squared[..., cities:].argmin(axis=-1)
    away = np.sqrt(squared)
    out[..., :cities] = away[..., :cities]
    out[..., cities] = _picked(away, nearest + cities)
    along = _picked(share, nearest + cities) * _STRETCH_LENGTH[nearest]
    out[..., cities + 1] = _STRETCH_START[nearest] + along
    # Not `km @ _TURN`: its last bit depends on how many rows there are.
    out[..., cities + 2 :] = _over_axes(km * _TURN)


def _over_axes(values: Floats) -> Floats:
    """Return the sum over north and east: (rows, 2, n) -> (rows, n)."""
    total: Floats = values[..., 0, :] + values[..., 1, :]
    return total


def _picked(values: Floats, place: npt.NDArray[np.intp]) -> Floats:
    """Return each row's value at its place."""
    found: Floats = values[place] if values.ndim == 1 else values[np.arange(len(values)), place]
    return found


def _fill_ratios(out: Floats, rows: Floats) -> None:
    rooms, occupants = rows[..., AVE_ROOMS], rows[..., AVE_OCCUP]
    households = rows[..., POPULATION] / occupants
    out[..., 0] = rows[..., AVE_BEDRMS] / rooms
    out[..., 1] = rooms / occupants
    out[..., 2] = households
    out[..., 3] = rows[..., MED_INC] / occupants
    out[..., 4] = rows[..., MED_INC] / rooms
    out[..., 5] = households * rooms


def _fill_prices(out: Floats, distance: Floats, price: Floats) -> None:
    """Write what 30 neighbours' prices say, nearest first: (rows, spaces, 6).

    The means over the nearest 1, 5, 10 and 30, weighted by the inverse of the distance; the
    spread of the nearest 10; the distance to the 10th. Sums are running ones, whose last bit does
    not depend on how many rows there are.
    """
    weight = 1.0 / (distance + SOFTENING_KM)
    total = weight.cumsum(axis=-1)[..., _LAST_OF_NEAREST]
    out[..., :4] = (weight * price).cumsum(axis=-1)[..., _LAST_OF_NEAREST] / total
    close = price[..., :CLOSE]
    off = close - close.cumsum(axis=-1)[..., -1:] / CLOSE
    out[..., 4] = np.sqrt((off * off).cumsum(axis=-1)[..., -1] / CLOSE)
    out[..., 5] = distance[..., CLOSE - 1]


def _of_other_folds(near: Near, fold: npt.NDArray[np.intp], own: npt.NDArray[np.intp]) -> Near:
    """Keep the 30 nearest of those found whose fold is not the row's own."""
    distance, found = near
    place = np.argsort(fold[found] == own[:, None], axis=1, kind="stable")[:, :NEIGHBOURS]
    return np.take_along_axis(distance, place, 1), np.take_along_axis(found, place, 1)
