"""The model behind Flask as everybody writes it first, served by gunicorn."""

import os

import numpy as np
import xgboost as xgb
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

booster = xgb.Booster(model_file=os.environ["MODEL"])
app = Flask(__name__)


@app.post("/predict")
def predict() -> ResponseReturnValue:
    """Answer a prediction for each row."""
    rows = np.array(request.get_json()["features"], dtype=np.float64)
    return jsonify(predictions=booster.inplace_predict(rows).tolist())
