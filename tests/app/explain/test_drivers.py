"""Tracing features back to what people entered."""

import numpy as np

from app.explain.drivers import LOCATION, OTHER, drivers_of, shares

COLUMNS = ("MedInc", "AveRooms", "Latitude", "Longitude")


def test_plain_features_are_their_own_drivers():
    """A model on the raw columns is explained by these columns."""
    drivers, share = shares(COLUMNS, COLUMNS)
    assert drivers == COLUMNS
    assert np.array_equal(share, np.eye(4))


def test_nothing_is_lost_on_the_way():
    """Each feature is shared out completely, whatever it is called."""
    features = (*COLUMNS, "km_to_coast", "income_per_room", "above_alike_MedInc", "moon_phase")
    drivers, share = shares(features, COLUMNS)
    assert drivers == ("MedInc", "AveRooms", LOCATION, OTHER)
    assert share.sum(axis=1).tolist() == [1.0] * len(features)


def test_ratio_belongs_to_its_columns_in_equal_parts():
    """Rooms for an income say as much of the one as of the other."""
    assert drivers_of("income_per_room", COLUMNS) == ("MedInc", "AveRooms")
    assert drivers_of("above_alike_MedInc", COLUMNS) == ("MedInc", LOCATION)


def test_place_is_one_driver():
    """Coordinates, distances and neighbours' prices are all the place."""
    for feature in ("Latitude", "km_to_fresno", "turned_15_east", "near_price_5", "alike_HouseAge"):
        assert drivers_of(feature, COLUMNS) == (LOCATION,)
