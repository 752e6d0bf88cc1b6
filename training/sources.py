"""Finds the data: each source in turn, the next one only when a source has nothing."""

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from training.data import Housing, read_housing, validate
from training.errors import TrainingError
from training.generate import generate
from training.storage import Location, locate

CHECKOUT = Path(__file__).resolve().parent.parent
FILE_NAMES = ("california_housing.csv", "california_housing.csv.gz")
SHARED_FILE = Path("shared/data/california_housing.csv.gz")
SHARED_SHA256 = "faaf86882565c657162265ec16b9c3a5dd53789e9ba3f2f0d8b1cfc8e8683795"
DOWNLOAD_TIMEOUT_S = 10.0

Download = Callable[[], Housing]
Say = Callable[[str], None]

QUICKLY: dict[str, Any] = {"n_retries": 1, "delay": 0.1}
"""A network that is closed is no network: scikit-learn would ask it for longer."""


def find_housing(say: Say, checkout: Path = CHECKOUT, download: Download | None = None) -> Housing:
    """Return the data from the first source that has it.

    In turn: what `$HOUSING_CSV` names, a CSV or Parquet file or a folder that `training.extract`
    wrote, here or in S3; the checkout's `data/`; the shared folder beside
    the checkout; scikit-learn's download; a generated set, with a warning.

    Raises
    ------
    TrainingError
        A source has the data, but not as it must be: a worse source is no answer to that.
    """
    local = _local_file(checkout)
    if local is not None:
        return read_housing(locate(local))
    try:
        return (download or _download)()
    except OSError as error:
        say(
            f"Warning: no California Housing file here and the download failed ({error}): "
            "training on generated data of the same shape. Set HOUSING_CSV to use the real data."
        )
    return generate()


def housing_location(checkout: Path = CHECKOUT) -> Location:
    """Return the first of the places above that is a file or a folder.

    Raises
    ------
    TrainingError
        There is none.
    """
    local = _local_file(checkout)
    if local is None:
        message = "there is no file of rows: HOUSING_CSV must name one, or an extracted folder"
        raise TrainingError(message)
    return locate(local)


def _local_file(checkout: Path) -> str | None:
    if named := os.environ.get("HOUSING_CSV"):
        if not locate(named).exists():
            message = f"HOUSING_CSV={named}: there is no such file: correct it or unset it"
            raise TrainingError(message)
        return named
    for name in FILE_NAMES:
        if (path := checkout / "data" / name).is_file():
            return str(path)
    shared = checkout.parent / SHARED_FILE
    if not shared.is_file():
        return None
    digest = hashlib.sha256(shared.read_bytes()).hexdigest()
    if digest != SHARED_SHA256:
        message = f"{shared}: sha256 is {digest}, not {SHARED_SHA256}: fetch the file again"
        raise TrainingError(message)
    return str(shared)


def _download() -> Housing:
    from sklearn.datasets import fetch_california_housing  # noqa: PLC0415 - one second

    with _socket_timeout(DOWNLOAD_TIMEOUT_S):
        bunch = fetch_california_housing(**QUICKLY)
    housing = Housing(
        np.asarray(bunch.data, dtype=np.float64),
        np.asarray(bunch.target, dtype=np.float64),
        dataset="california-housing",
        source="scikit-learn's download",
    )
    validate(housing)
    return housing


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    # The loader takes no timeout of its own: without one, a silent network holds it for minutes.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
