"""Finds a version in the model registry and opens it, over plain HTTP.

Before the slow `import mlflow`, and without it: the batch predictor and `--unless-champion` need
no more.
"""

import hashlib
import json
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import TrainingError
from training.models import store
from training.models.interface import Model
from training.schema import Column
from training.tracking import CHAMPION, HTTP_BAD_REQUEST, HTTP_NOT_FOUND, HTTP_OK, get

PROXIED = "mlflow-artifacts"
SEEN_FILE = "seen_rows.npy"


@dataclass(frozen=True)
class Version:
    """A registered version, where its files are, and what it was tagged with."""

    name: str
    number: str
    run_id: str
    source: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Opened:
    """A version's model, the marks of the rows that it was trained on, and the columns it reads."""

    model: Model
    seen: npt.NDArray[np.uint64]
    columns: tuple[Column, ...]


def find(uri: str, name: str, alias: str = CHAMPION) -> Version | None:
    """Return the version that the alias names, or None when there is none.

    Raises
    ------
    TrainingError
        The server is not reachable or answers with an error.
    """
    query = urllib.parse.urlencode({"name": name, "alias": alias})
    status, body = get(f"{uri}/api/2.0/mlflow/registered-models/alias?{query}")
    if status in {HTTP_BAD_REQUEST, HTTP_NOT_FOUND}:
        return None
    if status != HTTP_OK:
        message = f"MLflow at {uri} answered {status} when asked for the {alias}: {body[:200]!r}"
        raise TrainingError(message)
    found = json.loads(body)["model_version"]
    tags = {tag["key"]: tag["value"] for tag in found.get("tags", [])}
    number = str(found["version"])
    return Version(found["name"], number, found["run_id"], found["source"], tags)


def open_version(uri: str, version: Version) -> Opened:
    """Fetch a version's files and open its model; raises as `fetched`."""
    with fetched(uri, version) as folder:
        return open_folder(folder)


@contextmanager
def fetched(uri: str, version: Version) -> Iterator[Path]:
    """Yield a folder with a version's files; an error in reading them names the version.

    Raises
    ------
    TrainingError
        A file is missing or damaged, or the model predicts something else than when it was logged.
    """
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        try:
            download(uri, version, folder)
            yield folder
        except TrainingError as error:
            reason = str(error).replace(f"{folder}: ", "")
            message = f"{version.name} version {version.number}: {reason}"
            raise TrainingError(message) from error


def open_folder(folder: Path) -> Opened:
    """Open the model in a folder of a version's files.

    Raises
    ------
    TrainingError
        A file is missing or damaged, or the model predicts something else than when it was logged.
    """
    model = store.load(folder)
    seen = folder / SEEN_FILE
    marks = np.load(seen, allow_pickle=False) if seen.exists() else np.empty(0, np.uint64)
    return Opened(model, marks, store.columns(folder))


def download(uri: str, version: Version, folder: Path) -> None:
    """Fetch all files of a version into a folder.

    Raises
    ------
    TrainingError
        The server does not have them, or does not serve them itself.
    """
    source = urllib.parse.urlsplit(version.source)
    if source.scheme != PROXIED:
        message = f"its files are at {version.source}, not behind the MLflow server"
        raise TrainingError(message)
    base = PurePosixPath(source.path.lstrip("/"))
    query = urllib.parse.urlencode({"path": str(base)})
    listed = json.loads(_artifact(f"{uri}/api/2.0/mlflow-artifacts/artifacts?{query}"))
    names = [_name(file) for file in listed.get("files", []) if not file.get("is_dir")]
    if not names:
        message = "its files are gone from the artifact store"
        raise TrainingError(message)
    for name in names:
        path = urllib.parse.quote(str(base / name))
        url = f"{uri}/api/2.0/mlflow-artifacts/artifacts/{path}"
        (folder / name).write_bytes(_artifact(url))


def manifest_sha256(uri: str, source: str) -> str:
    """Return the SHA-256 of a stored model's manifest, for its version to be tagged with.

    The manifest holds the hashes of the other files: whoever knows this one can tell all of them.

    Raises
    ------
    TrainingError
        The server does not have it, or does not serve it itself.
    """
    parts = urllib.parse.urlsplit(source)
    if parts.scheme != PROXIED:
        message = f"the model's files are at {source}, not behind the MLflow server"
        raise TrainingError(message)
    path = urllib.parse.quote(str(PurePosixPath(parts.path.lstrip("/")) / store.MANIFEST))
    stored = _artifact(f"{uri}/api/2.0/mlflow-artifacts/artifacts/{path}")
    return hashlib.sha256(stored).hexdigest()


def _name(file: Mapping[str, Any]) -> str:
    # Only the last part, so that no listing can name a place outside the folder.
    return PurePosixPath(str(file["path"])).name


def _artifact(url: str) -> bytes:
    status, body = get(url)
    if status != HTTP_OK:
        message = f"{url} answered {status}: {body[:200].decode(errors='replace')}"
        raise TrainingError(message)
    return body
