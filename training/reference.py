"""Reference statistics: what the training data looked like, for drift to be measured against."""

from typing import Any

import numpy as np

from training.data import Floats
from training.schema import FEATURE_NAMES

DECILES = np.linspace(0.0, 1.0, 11)


def reference_statistics(features: Floats, target: Floats, predicted: Floats) -> dict[str, Any]:
    """Return the eleven decile edges (minimum to maximum) of every feature, target and prediction.

    Parameters
    ----------
    features
        (rows, 8), the training rows.
    target, predicted
        (rows,), in 100,000 USD.
    """
    columns = {
        name: np.quantile(values, DECILES).tolist()
        for name, values in zip(FEATURE_NAMES, features.T, strict=True)
    }
    return {
        "rows": len(target),
        "features": columns,
        "target": np.quantile(target, DECILES).tolist(),
        "prediction": np.quantile(predicted, DECILES).tolist(),
    }
