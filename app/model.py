"""A model that is being served, and how it is loaded and checked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import yaml

from app.engines import Files
from app.explain.explainers import Explainer, explainer
from app.predictors import Predictor, predictor
from app.reference import Reference
from app.registry import ModelVersion
from app.rest import RegistryError
from app.schema import Schema

# XGBoost predicts in single precision: the same trees on another machine may differ by this.
PROBE_TOLERANCE = 1e-5


class UnusableModelError(Exception):
    """A registered version that must not be served; says what is wrong with it."""


@dataclass(frozen=True)
class ServedModel:
    """A loaded version; never changed, only replaced as a whole."""

    name: str
    version: str
    run_id: str
    schema: Schema
    predictor: Predictor
    reference: Reference | None = None
    """None for a version that was trained before it travelled with the model."""
    baseline_rmse: float | None = None
    """On its test rows; None for a classifier, and for a version from before it was kept."""
    explainer: Explainer | None = None
    """None when its predictions cannot be explained."""

    def predict(self, rows: npt.NDArray[np.float64]) -> list[float]:
        """Return one prediction a row: in the schema's target unit, or a class."""
        predicted = self.predictor.predict(rows)
        if self.schema.classes:
            predicted = predicted.astype(np.int64)
        predictions: list[float] = predicted.tolist()
        return predictions


def load(files: Files, version: ModelVersion) -> ServedModel:
    """Fetch a version, load it without MLflow, and check it on its own probe rows.

    Raises
    ------
    app.rest.RegistryError
        The files cannot be fetched.
    UnusableModelError
        They are damaged, incomplete, or predict something else than when they were logged.
    """
    try:
        metadata = yaml.safe_load(files("MLmodel"))["metadata"]
        schema = Schema.from_metadata(metadata)
        loaded = predictor(metadata, files)
        baseline_rmse = metadata.get("baseline_rmse", metadata.get("test_rmse"))
        explains = explainer(metadata, files)
        reference = None
        if "reference" in metadata:
            found = files(metadata["reference"])
            reference = Reference.from_json(found, schema.names)
        probe = metadata["probe"]
        _check(loaded, probe["rows"], probe["predictions"])
    except (RegistryError, UnusableModelError):
        raise
    # Whatever a damaged file makes of these lines, it is one thing: not to be served.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"{version.name} version {version.version} cannot be served: {reason}"
        raise UnusableModelError(message) from error
    identity = (version.name, version.version, version.run_id)
    return ServedModel(*identity, schema, loaded, reference, baseline_rmse, explains)


def _check(loaded: Predictor, rows: Sequence[Sequence[float]], expected: Sequence[float]) -> None:
    predicted = loaded.predict(np.array(rows, dtype=np.float64))
    if not np.allclose(predicted, expected, rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE):
        message = f"it predicts {predicted.tolist()} where {list(expected)} was logged"
        raise ValueError(message)
