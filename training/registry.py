"""Logs a fitted model to MLflow, registers it, and promotes it when it is better."""

from dataclasses import dataclass
from typing import Any

import mlflow.xgboost
import xgboost as xgb
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from training.data import Floats
from training.fit import Fitted
from training.schema import FEATURE_NAMES, FEATURES, TARGET
from training.tracking import CHAMPION, MODEL_NAME, PREVIOUS

ABSENT = {ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"}


@dataclass(frozen=True)
class Promotion:
    """The registered version, and whether it became the champion, with the reason."""

    version: str
    promoted: bool
    reason: str


def log_model(fitted: Fitted, probe: Floats) -> Any:  # noqa: ANN401 - MLflow's ModelInfo
    """Log the booster with all that a server needs to serve and to check it.

    Beside the booster (`model.ubj`) the artifact carries, in its MLmodel file, the signature, the
    columns with their plausible ranges, and probe rows with the predictions that a server must
    get for them before it serves.

    Parameters
    ----------
    probe
        (rows, 8), a few rows of the data; the first is the input example.
    """
    predicted = fitted.booster.inplace_predict(probe)
    names = list(FEATURE_NAMES)
    return mlflow.xgboost.log_model(
        fitted.booster,
        name="model",
        signature=infer_signature([dict(zip(names, probe[0].tolist(), strict=True))], predicted),
        input_example={name: [value] for name, value in zip(names, probe[0].tolist(), strict=True)},
        # Given, or MLflow loads the model in a second process to find out: ten seconds.
        pip_requirements=[f"xgboost-cpu=={xgb.__version__}"],
        metadata=serving_metadata(probe, predicted),
    )


def serving_metadata(probe: Floats, predicted: Floats) -> dict[str, Any]:
    """Return what travels in the MLmodel file for the server: columns, target, probe."""
    return {
        "columns": [column.as_dict() for column in FEATURES],
        "target": TARGET.as_dict(),
        "probe": {"rows": probe.tolist(), "predictions": [float(p) for p in predicted]},
    }


def register(client: MlflowClient, logged: Any, test_rmse: float) -> Promotion:  # noqa: ANN401
    """Register the logged model and make it champion when it is the first or the better one.

    A version that cannot be promoted because of a fault is removed again, so that nothing is left
    half-registered.
    """
    champion = _champion(client)
    if champion is None:
        best = None
        _ensure_registered_model(client)
    else:
        best = client.get_run(champion.run_id).data.metrics.get("test_rmse")
    promoted = best is None or test_rmse < best
    reason = _reason(test_rmse, best, champion.version if champion else None, promoted=promoted)
    version = client.create_model_version(
        MODEL_NAME,
        logged.artifact_path,
        run_id=logged.run_id,
        model_id=logged.model_id,
        tags={"promotion": reason},
    ).version
    if promoted:
        try:
            client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
        except BaseException:
            client.delete_model_version(MODEL_NAME, version)
            raise
        if champion is not None:
            client.set_registered_model_alias(MODEL_NAME, PREVIOUS, champion.version)
    return Promotion(str(version), promoted, reason)


def _champion(client: MlflowClient) -> Any:  # noqa: ANN401 - MLflow's ModelVersion, or None
    try:
        return client.get_model_version_by_alias(MODEL_NAME, CHAMPION)
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise


def _ensure_registered_model(client: MlflowClient) -> None:
    try:
        client.create_registered_model(MODEL_NAME)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _reason(mine: float, best: float | None, version: str | None, *, promoted: bool) -> str:
    if best is None:
        return f"first champion: test RMSE {mine:.4f}"
    verdict = "better than" if promoted else "refused: not better than"
    return f"{verdict} champion {version}: test RMSE {mine:.4f} against {best:.4f}"
