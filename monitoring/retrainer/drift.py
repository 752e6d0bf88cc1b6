"""Pure: how far the served rows are from the rows that a version was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from app.loop_limits import PSI_DRIFTED
from training.rows import TrainingRows

Floats = npt.NDArray[np.float64]

PREDICTION = "prediction"
"""What the model's own answers are called among the features."""

INNER_DECILES = np.linspace(0.1, 0.9, 9)
LEAST_SHARE = 1e-4
"""Takes the place of an empty bin's share, whose logarithm there is none of."""


@dataclass(frozen=True)
class FeatureDrift:
    """The population stability index and the Kolmogorov-Smirnov statistic of one feature."""

    psi: float
    ks: float


@dataclass(frozen=True)
class ReferenceValues:
    """The reference's values of one feature.

    Parameters
    ----------
    edges
        (bins - 1,), what separates the bins: a value equal to an edge belongs to the bin over it.
    shares
        (bins,), the share of the values in each bin.
    ordered
        (rows,), the values in ascending order.
    """

    edges: Floats
    shares: Floats
    ordered: Floats

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Make the bins: tenths of the values, (rows,).

        A value that takes more than a tenth gets a bin of its own: or a column of two values would
        have both in one bin, and none that rises above a constant were seen.
        """
        deciles, times = np.unique(np.quantile(values, INNER_DECILES), return_counts=True)
        over = np.nextafter(deciles[times > 1], np.inf)
        edges = np.union1d(deciles, over)
        return cls(edges, shares(values, edges), np.sort(values))


@dataclass(frozen=True)
class Reference:
    """The reference of one version, by feature; the last of them is its prediction."""

    columns: tuple[str, ...]
    values: dict[str, ReferenceValues]

    @classmethod
    def of(cls, rows: TrainingRows) -> Self:
        """Take the rows that today's traffic is to look like."""
        mine = rows.of_reference()
        named = {**dict(zip(mine.columns, mine.rows.T, strict=True)), PREDICTION: mine.prediction}
        return cls(mine.columns, {name: ReferenceValues.of(v) for name, v in named.items()})


def measure(reference: Reference, rows: Floats, predictions: Floats) -> dict[str, FeatureDrift]:
    """Return each feature's drift, and that of the predictions.

    Parameters
    ----------
    rows, predictions
        The window: (rows, columns) in the reference's order, and (rows,).
    """
    return {
        name: FeatureDrift(
            psi(reference.values[name].shares, shares(window, reference.values[name].edges)),
            ks(reference.values[name].ordered, window),
        )
        for name, window in zip(reference.values, [*rows.T, predictions], strict=True)
    }


def drifted(psi_of: Mapping[str, float]) -> int:
    """Count the input features that have drifted, by each one's PSI."""
    return sum(found > PSI_DRIFTED for name, found in psi_of.items() if name != PREDICTION)


def shares(values: Floats, edges: Floats) -> Floats:
    """Return the share of the values, (rows,), in each bin, (edges + 1,)."""
    found = np.searchsorted(edges, values, side="right")
    return np.bincount(found, minlength=len(edges) + 1) / len(values)


def psi(expected: Floats, actual: Floats) -> float:
    """Return the population stability index of two shares by bin (Siddiqi 2006).

    It is the symmetric Kullback-Leibler divergence: the sum of (a - e) ln(a / e).
    """
    e, a = np.maximum(expected, LEAST_SHARE), np.maximum(actual, LEAST_SHARE)
    return float(np.sum((a - e) * np.log(a / e)))


def ks(ordered: Floats, window: Floats) -> float:
    """Return the largest distance of the two distribution functions (Kolmogorov-Smirnov).

    As `scipy.stats.ks_2samp`, whose import takes 75 MB.

    Parameters
    ----------
    ordered
        (rows,), one sample in ascending order.
    window
        (rows,), the other; the distance is largest at one of its values, or just below it.
    """
    points, count = np.sort(window), len(window)
    distances = [
        np.searchsorted(ordered, points, side=side) / len(ordered)
        - np.searchsorted(points, points, side=side) / count
        for side in ("left", "right")
    ]
    return float(np.max(np.abs(distances)))
