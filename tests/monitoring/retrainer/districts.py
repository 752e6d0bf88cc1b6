"""Districts by their distance to the coast: what a service meets that expands inland."""

import numpy as np

from training.data import Housing
from training.features import COAST, KM_PER_DEGREE
from training.rows import TrainingRows

COASTAL_KM = 40.0
POINTS = 600


def coastal(data: Housing) -> np.ndarray:
    """Tell of each row whether it is near the coast."""
    along = np.linspace(0, len(COAST) - 1, POINTS)
    ends = np.arange(len(COAST))
    line = np.column_stack([np.interp(along, ends, axis) for axis in COAST.T]) * KM_PER_DEGREE
    places = data.features[:, 6:8] * KM_PER_DEGREE
    nearest = [np.hypot(*(line - place).T).min() for place in places]
    return np.array(nearest) <= COASTAL_KM


def training_rows(data: Housing, chosen: np.ndarray, prediction=None) -> TrainingRows:
    """Rows as a version carries them; without predictions they are the true values."""
    target = data.target[chosen]
    answers = target if prediction is None else prediction
    everything = np.ones(len(target), np.bool_)
    names = data.problem.column_names
    return TrainingRows(names, data.features[chosen], target, answers, everything)
