"""The model behind LitServe: `python litserve_server.py PORT`."""

import os
import sys
from typing import Any

import litserve as ls
import numpy as np
import xgboost as xgb


class Housing(ls.LitAPI):
    """Predicts prices."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load the model, once a worker."""
        self.booster = xgb.Booster(model_file=os.environ["MODEL"])

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """Return the rows."""
        return np.array(request["features"], dtype=np.float64)

    def predict(self, x: np.ndarray) -> list[float]:
        """Return a prediction for each row."""
        return self.booster.inplace_predict(x).tolist()

    def encode_response(self, output: list[float]) -> dict[str, list[float]]:
        """Return the answer."""
        return {"predictions": output}


if __name__ == "__main__":
    workers = int(os.environ["WORKERS"])
    server = ls.LitServer(Housing(), accelerator="cpu", workers_per_device=workers)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=workers,
        log_level="warning",
        generate_client_file=False,
    )
