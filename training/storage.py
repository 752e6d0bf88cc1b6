"""Files and folders that jobs read and write: on this machine or in S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs

from training.errors import TrainingError

CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 60.0
ATTEMPTS = 3
REASON_LENGTH = 300
TEMPORARY = ".tmp"


@dataclass(frozen=True)
class Entry:
    """One file of a folder; `version` changes when its content does."""

    name: str
    size: int
    version: str


@dataclass(frozen=True)
class Location:
    """A file or a folder; `text` is what people call it, `path` what its file system does."""

    text: str
    path: str
    system: pafs.FileSystem

    def child(self, name: str) -> "Location":
        """Return what is called `name` in this folder."""
        return Location(f"{self.text.rstrip('/')}/{name}", f"{self.path}/{name}", self.system)

    def sibling(self, ending: str) -> "Location":
        """Return what is called as this one, with an ending more."""
        return Location(f"{self.text}{ending}", f"{self.path}{ending}", self.system)

    def is_folder(self) -> bool:
        """Tell a folder, or an S3 prefix with something in it, from a file or nothing."""
        with self.named("cannot be looked at"):
            return bool(self.system.get_file_info(self.path).type == pafs.FileType.Directory)

    def exists(self) -> bool:
        """Tell whether there is a file or a folder."""
        with self.named("cannot be looked at"):
            return bool(self.system.get_file_info(self.path).type != pafs.FileType.NotFound)

    def version(self) -> str:
        """Return what changes when the file's content does: its size and its time."""
        with self.named("cannot be looked at"):
            return _version(self.system.get_file_info(self.path))

    def entries(self) -> list[Entry]:
        """Return the files below this folder by name; none when there is no such folder."""
        wanted = pafs.FileSelector(self.path, recursive=True, allow_not_found=True)
        with self.named("cannot be listed"):
            found = self.system.get_file_info(wanted)
        entries = [
            Entry(info.path.removeprefix(f"{self.path}/"), info.size, _version(info))
            for info in found
            if info.type == pafs.FileType.File
        ]
        return sorted(entries, key=lambda entry: entry.name)

    def open(self) -> pa.NativeFile:
        """Open the file to read from any place in it."""
        with self.named("cannot be opened"):
            return self.system.open_input_file(self.path)

    def read(self) -> bytes:
        """Return the whole file."""
        with self.named("cannot be read"), self.system.open_input_stream(self.path) as stream:
            return bytes(stream.read())

    def write(self, data: bytes) -> None:
        """Write the whole file at once: others see all of it or nothing."""
        if isinstance(self.system, pafs.LocalFileSystem):
            with self.writing() as stream:
                stream.write(data)
            return
        with self.named("cannot be written"), self.system.open_output_stream(self.path) as stream:
            stream.write(data)

    @contextmanager
    def writing(self) -> Iterator[pa.NativeFile]:
        """Yield a stream whose content becomes this file when the block ends well, else nothing.

        It goes to a temporary name first. In S3 as well: Arrow completes an object whose writing
        an exception broke off, with what it had.
        """
        temporary = self.sibling(TEMPORARY)
        with self.named("cannot be written"):
            if isinstance(self.system, pafs.LocalFileSystem):
                self.system.create_dir(os.path.dirname(self.path), recursive=True)  # noqa: PTH120
            stream = self.system.open_output_stream(temporary.path)
            yield stream
            stream.close()
            self.system.move(temporary.path, self.path)

    def delete(self) -> None:
        """Remove the file."""
        with self.named("cannot be removed"):
            self.system.delete_file(self.path)

    def delete_folder(self) -> None:
        """Remove the folder and all in it."""
        with self.named("cannot be removed"):
            self.system.delete_dir(self.path)

    @contextmanager
    def named(self, what: str) -> Iterator[None]:
        """Turn a failure of the file system into a sentence that names this place."""
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            message = f"{self.text}: {what}: {reason(error)}{self._advice(str(error))}"
            raise TrainingError(message) from error

    def _advice(self, text: str) -> str:
        if not isinstance(self.system, pafs.S3FileSystem):
            return ""
        if "NETWORK_CONNECTION" in text or "REQUEST_TIMEOUT" in text:
            asked = _endpoint() or "AWS"
            return f": S3 at {asked} is not reachable (AWS_ENDPOINT_URL names another server)"
        if "ACCESS_DENIED" in text or "credentials" in text.lower():
            return ": give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return ""


def locate(text: str) -> Location:
    """Return the place that a path or an `s3://bucket/key` names; nothing need be there.

    Raises
    ------
    TrainingError
        It names something else, or no key.
    """
    if text.startswith("s3://"):
        path = text.removeprefix("s3://").rstrip("/")
        bucket, _, key = path.partition("/")
        if not bucket or not key:
            message = f"{text}: must be s3://bucket/key"
            raise TrainingError(message)
        return Location(text.rstrip("/"), path, _s3())
    if "://" in text or not text:
        message = f"{text!r}: must be a path on this machine or s3://bucket/key"
        raise TrainingError(message)
    return Location(text, str(Path(text).expanduser().absolute()), pafs.LocalFileSystem())


def reason(error: Exception) -> str:
    """Return an error's first line, without the parts that mean nothing to people."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].partition(" (Request ID")[0].partition("; Details:")[0][:REASON_LENGTH]


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _s3() -> pafs.S3FileSystem:
    return pafs.S3FileSystem(
        endpoint_override=_endpoint(),
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        connect_timeout=CONNECT_TIMEOUT_S,
        request_timeout=REQUEST_TIMEOUT_S,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )


def _version(info: pafs.FileInfo) -> str:
    return f"{info.size} bytes of {info.mtime_ns}"
