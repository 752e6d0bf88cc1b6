"""The model behind FastAPI, served by uvicorn."""

import os

import numpy as np
import xgboost as xgb
from fastapi import FastAPI
from houses import Houses

booster = xgb.Booster(model_file=os.environ["MODEL"])
app = FastAPI()


@app.post("/predict")
def predict(houses: Houses) -> dict[str, list[float]]:
    """Answer a prediction for each row."""
    return {"predictions": booster.inplace_predict(np.array(houses.features)).tolist()}
