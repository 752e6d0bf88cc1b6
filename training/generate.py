"""Generated data from a seed: housing like the real one, and a small classification set."""

import numpy as np

from training.data import Housing, TwoFeatures, derive

ROWS = 20_640
# Corners of a line along California's coast, (longitude, latitude) from north to south.
COAST = np.array([[-124.2, 41.9], [-123.8, 39.0], [-122.5, 37.6], [-120.6, 34.6], [-117.2, 32.7]])


def generate(rows: int = ROWS, seed: int = 0) -> Housing:
    """Return a set in which prices follow income and closeness to the coast, with noise.

    The levels are those of the real data: incomes log-normal around 35,000 USD, prices capped at
    500,001 USD. It is for trying things out offline and for tests, not for judging models.
    """
    rng = np.random.default_rng(seed)
    along = rng.uniform(0, len(COAST) - 1, rows)
    inland_deg = np.abs(rng.normal(0.0, 0.9, rows))
    shore = np.arange(len(COAST))
    longitude = np.clip(np.interp(along, shore, COAST[:, 0]) + inland_deg, -124.35, -114.31)
    latitude = np.interp(along, shore, COAST[:, 1])
    income = np.clip(rng.lognormal(1.25, 0.45, rows), 0.5, 15.0)
    age = rng.integers(1, 53, rows).astype(np.float64)
    households = np.ceil(rng.lognormal(6.0, 0.7, rows)) + 1
    rooms = households * np.clip(rng.normal(3.5 + 0.5 * income, 0.8), 1.0, 30.0)
    bedrooms = households * np.clip(rng.normal(1.07, 0.08, rows), 0.5, 5.0)
    population = np.clip(np.ceil(households * rng.normal(2.9, 0.6, rows)), households, 90_000)
    coast = np.exp(-inland_deg / 0.4)
    price = 0.1 + 0.42 * income + 1.1 * coast + 0.004 * age - 0.15 * population / households
    value = np.clip(price * rng.lognormal(0.0, 0.2, rows), 0.15, 5.00001) * 100_000
    table = np.column_stack(
        [longitude, latitude, age, rooms, bedrooms, population, households, income, value]
    )
    return derive(table, dataset="generated", source=f"generated, seed {seed}")


def generate_classes(rows: int = 2_000, seed: int = 0) -> TwoFeatures:
    """Return two clouds of points, class 0 around (2, 20) and class 1 around (8, 80), that overlap.

    The best possible line between them is wrong for about one row in twelve.
    """
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, rows).astype(np.float64)
    feature1 = rng.normal(2.0 + 6.0 * label, 3.0)
    feature2 = rng.normal(20.0 + 60.0 * label, 30.0)
    features = np.column_stack([feature1, feature2])
    return TwoFeatures(features, label, "generated", f"generated, seed {seed}")
