"""The MLflow server as training sees it, before the slow `import mlflow`."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from training.errors import TrainingError

CHAMPION = "champion"
PREVIOUS = "previous"
DEFAULT_URI = "http://127.0.0.1:5000"
PATIENCE_S = 15.0
REQUEST_TIMEOUT_S = 5.0

HTTP_OK = 200
HTTP_BAD_REQUEST = 400
HTTP_NOT_FOUND = 404


def tracking_uri() -> str:
    """Return the MLflow server's address, and set what its client takes from the environment.

    Raises
    ------
    TrainingError
        MLFLOW_TRACKING_URI is no http address.
    """
    uri = os.environ.setdefault("MLFLOW_TRACKING_URI", DEFAULT_URI).rstrip("/")
    if not uri.startswith(("http://", "https://")):
        message = f"MLFLOW_TRACKING_URI={uri}: must be an http address such as {DEFAULT_URI}"
        raise TrainingError(message)
    # The client's own patience is minutes, in silence; and it would fetch from S3 by itself.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
    return uri


def wait_until_reachable(uri: str, say: Callable[[str], None], patience_s: float) -> None:
    """Return as soon as the MLflow server answers.

    Raises
    ------
    TrainingError
        It did not within `patience_s` seconds.
    """
    end = time.monotonic() + patience_s
    told = False
    while True:
        try:
            get(f"{uri}/health")
        except TrainingError as error:
            if time.monotonic() >= end:
                message = f"{error}: is it running? MLFLOW_TRACKING_URI names the server"
                raise TrainingError(message) from error
            if not told:
                say(f"Waiting for MLflow at {uri} (up to {patience_s:g} s)")
                told = True
            time.sleep(0.5)
        else:
            return


def get(url: str) -> tuple[int, bytes]:
    """Return the status and the body of the server's answer.

    Raises
    ------
    TrainingError
        There was no answer.
    """
    try:
        with urllib.request.urlopen(url, timeout=REQUEST_TIMEOUT_S) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, EOFError) as error:
        reason = getattr(error, "reason", error)
        message = f"MLflow at {url.split('/', 3)[2]} is not reachable ({reason})"
        raise TrainingError(message) from error
