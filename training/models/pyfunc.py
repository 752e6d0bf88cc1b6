"""Opens a registered model for MLflow's own tools: `mlflow.pyfunc.load_model`.

The module is named in the model's MLmodel file, so they work wherever this project is importable.
"""

from pathlib import Path
from typing import Any

import numpy as np

from training.data import Floats
from training.models import store
from training.models.interface import Model


class Predictor:
    """A model that takes what MLflow hands over: a data frame, or columns by name."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, rows: Any) -> Floats:  # noqa: ANN401 - a pandas DataFrame, not imported here
        """Return one prediction a row."""
        return self._model.predict(np.asarray(rows, dtype=np.float64))


def _load_pyfunc(path: str) -> Predictor:
    # MLflow's name for it.
    return Predictor(store.load(Path(path)))
