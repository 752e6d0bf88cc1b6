"""The model as a BentoML service."""

import os

import bentoml
import numpy as np
import xgboost as xgb
from houses import Row


@bentoml.service(workers=int(os.environ["WORKERS"]), logging={"access": {"enabled": False}})
class Housing:
    """Predicts prices."""

    def __init__(self) -> None:
        self.booster = xgb.Booster(model_file=os.environ["MODEL"])

    @bentoml.api
    def predict(self, features: list[Row]) -> dict[str, list[float]]:
        """Answer a prediction for each row."""
        return {"predictions": self.booster.inplace_predict(np.array(features)).tolist()}
