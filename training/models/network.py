"""A small neural network, fitted by Keras 3 and saved as plain weight matrices.

Keras is an optional extra with a backend of one's choice (`KERAS_BACKEND`), and is imported only
when this model is fitted: what it leaves behind is numpy's, and serving never needs it.
"""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from training.data import Floats
from training.errors import TrainingError
from training.models.interface import OnRound, Params, Part

KIND = "network"
FILE = "weights.npz"

MISSING = (
    "the model keras needs Keras 3 and a backend, which are not installed: "
    "`uv pip install --python .venv --group keras` (KERAS_BACKEND=jax), or another --model"
)


@dataclass(frozen=True)
class Network:
    """Dense layers; all but the last with a rectifier between. Inputs are standardised first."""

    matrices: tuple[Floats, ...]
    offsets: tuple[Floats, ...]
    bounds: tuple[float, float]
    history: Mapping[str, list[float]] = field(default_factory=dict)

    kind = KIND

    @property
    def figures(self) -> dict[str, float]:
        """The number of weights."""
        return {"weights": float(sum(part.size for part in (*self.matrices, *self.offsets)))}

    def predict(self, rows: Floats) -> Floats:
        """Return one prediction a row."""
        values = rows @ self.matrices[0] + self.offsets[0]
        for matrix, offset in zip(self.matrices[1:], self.offsets[1:], strict=True):
            values = np.maximum(values, 0.0) @ matrix + offset
        return np.clip(values[:, 0], *self.bounds)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the layers in numpy's format, without pickled objects."""
        layers = {f"matrix_{at}": matrix for at, matrix in enumerate(self.matrices)}
        layers |= {f"offset_{at}": offset for at, offset in enumerate(self.offsets)}
        np.savez(folder / FILE, allow_pickle=False, **layers)
        return {"bounds": list(self.bounds), "layers": len(self.matrices)}

    @classmethod
    def load(cls, folder: Path, described: Mapping[str, Any]) -> Self:
        """Open what `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as saved:
            layers = range(described["layers"])
            matrices = tuple(saved[f"matrix_{at}"] for at in layers)
            offsets = tuple(saved[f"offset_{at}"] for at in layers)
        low, high = described["bounds"]
        return cls(matrices, offsets, (low, high))


def fit(
    train: Part,
    validation: Part,
    params: Params,
    seed: int,
    on_round: OnRound | None = None,
) -> Network:
    """Fit with Adam; keep the weights of the epoch that was best on the validation part.

    Raises
    ------
    TrainingError
        Keras or its backend is not installed.
    """
    keras = _keras()
    keras.utils.set_random_seed(seed)
    mean, scale = train.rows.mean(axis=0), train.rows.std(axis=0)
    wide = [keras.layers.Dense(int(width), activation="relu") for width in params["widths"]]
    network = keras.Sequential([keras.Input((train.rows.shape[1],)), *wide, keras.layers.Dense(1)])
    network.compile(optimizer=keras.optimizers.Adam(params["learning_rate"]), loss="mse")
    callbacks = [
        keras.callbacks.EarlyStopping(
            patience=int(params["patience_epochs"]), restore_best_weights=True
        )
    ]
    if on_round is not None:
        told = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: on_round(epoch, float(logs["val_loss"]) ** 0.5)
        )
        callbacks.append(told)
    run = network.fit(
        (train.rows - mean) / scale,
        train.target,
        validation_data=((validation.rows - mean) / scale, validation.target),
        epochs=int(params["most_epochs"]),
        batch_size=int(params["batch_rows"]),
        callbacks=callbacks,
        verbose=0,
    )
    weights = [np.asarray(part, dtype=np.float64) for part in network.get_weights()]
    matrices, offsets = weights[0::2], weights[1::2]
    # The standardisation becomes part of the first layer: nothing else to save or to forget.
    matrices[0] = matrices[0] / scale[:, None]
    offsets[0] = offsets[0] - mean @ matrices[0]
    bounds = (float(train.target.min()), float(train.target.max()))
    curves = {"train_rmse": run.history["loss"], "validation_rmse": run.history["val_loss"]}
    history = {name: [float(loss) ** 0.5 for loss in curve] for name, curve in curves.items()}
    return Network(tuple(matrices), tuple(offsets), bounds, history)


def _keras() -> Any:  # noqa: ANN401 - a module that type checks without being installed
    # Keras would take TensorFlow when nothing is said, the heaviest of its backends.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        keras = importlib.import_module("keras")
    except ImportError as error:
        raise TrainingError(MISSING) from error
    return keras
