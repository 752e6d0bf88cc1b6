"""Asks the MLflow server for the champion, over its REST API.

MLflow's own client would do the same, for three seconds and 150 MB in every worker: it imports
pandas, pyarrow and FastAPI. Three GET requests need none of that.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import PurePosixPath

TIMEOUT_S = 10.0
PROXIED = "mlflow-artifacts"


class RegistryError(Exception):
    """The registry cannot be asked, or has no such model; the message says which and what to do."""


class NoChampionError(RegistryError):
    """The registry answers, and no version carries the alias."""


@dataclass(frozen=True)
class ModelVersion:
    """A registered version: its number, the run that made it, and where its files are."""

    name: str
    version: str
    run_id: str
    source: str


class Registry:
    """The model registry of one MLflow server that serves its artifacts itself."""

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri

    def version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version that the alias names.

        Raises
        ------
        NoChampionError
            There is no such model or alias yet.
        RegistryError
            The server does not answer, or not as an MLflow server does.
        """
        query = urllib.parse.urlencode({"name": name, "alias": alias})
        url = f"{self._uri}/api/2.0/mlflow/registered-models/alias?{query}"
        try:
            found = json.loads(self._get(url))["model_version"]
            return ModelVersion(
                found["name"], str(found["version"]), found["run_id"], found["source"]
            )
        except (ValueError, KeyError, TypeError) as error:
            message = f"{url} answered with something else than a model version"
            raise RegistryError(message) from error

    def file(self, version: ModelVersion, name: str) -> bytes:
        """Return one file of the version's artifact.

        Raises
        ------
        RegistryError
            The server does not answer, has no such file, or does not serve artifacts itself.
        """
        source = urllib.parse.urlsplit(version.source)
        if source.scheme != PROXIED:
            message = (
                f"{version.name} version {version.version} is at {version.source}, not behind the "
                "MLflow server: start it with --artifacts-destination"
            )
            raise RegistryError(message)
        path = PurePosixPath(source.path.lstrip("/")) / name
        quoted = urllib.parse.quote(str(path))
        return self._get(f"{self._uri}/api/2.0/mlflow-artifacts/artifacts/{quoted}")

    def _get(self, url: str) -> bytes:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - http only
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                told = error.read(2000).decode(errors="replace")
            if error.code in {400, 404} and "/registered-models/alias" in url:
                message = "no version in the registry carries the alias"
                raise NoChampionError(message) from error
            message = f"{url} answered {error.code}: {told[:200]}"
            raise RegistryError(message) from error
        except (OSError, EOFError) as error:
            message = f"the model registry at {self._uri} is not reachable: {error}"
            raise RegistryError(message) from error
