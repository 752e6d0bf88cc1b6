"""Asks an MLflow server over HTTP: no answer may take too long or be too large.

MLflow's own client would do the same, for three seconds and 150 MB in every worker: it imports
pandas, pyarrow and FastAPI.
"""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

# An answer comes in milliseconds; a server that is this late is as good as down.
QUESTION_TIMEOUT_S = 5.0
# Whole files, from a bucket, through the server.
FILE_TIMEOUT_S = 60.0
LARGEST_ANSWER = 16_000_000
CHUNK = 1 << 16
API = "/api/2.0/mlflow"


class RegistryError(Exception):
    """The registry cannot be asked, or has no such model; the message says which and what to do.

    `status` is that of an HTTP answer, None where there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TooLargeError(RegistryError):
    """The answer is longer than it may be."""


class Rest:
    """One MLflow server."""

    def __init__(self, uri: str, timeout_s: float = QUESTION_TIMEOUT_S) -> None:
        self.uri = uri
        self._timeout_s = timeout_s

    def get(self, path: str, **fields: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what the API answers; raises as `send`."""
        return self._asked("GET", f"{path}?{urllib.parse.urlencode(fields)}", None)

    def send(self, method: str, path: str, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return what the API answers to a body of JSON.

        Raises
        ------
        RegistryError
            There is no answer in time, or it is an error, or it is not JSON.
        """
        return self._asked(method, path, json.dumps(fields).encode())

    def file(self, path: str, limit: int) -> bytes:
        """Return a file of the artifact store.

        Raises
        ------
        TooLargeError
            It has more than `limit` bytes.
        RegistryError
            There is no such file, or it does not come whole and in time.
        """
        quoted = urllib.parse.quote(path)
        asked = self._request("GET", f"/api/2.0/mlflow-artifacts/artifacts/{quoted}", None)
        return self._answer(asked, limit, FILE_TIMEOUT_S)

    def _asked(self, method: str, path: str, body: bytes | None) -> Any:  # noqa: ANN401
        asked = self._request(method, API + path, body)
        told = self._answer(asked, LARGEST_ANSWER, self._timeout_s)
        try:
            return json.loads(told)
        except ValueError as error:
            message = f"{asked.full_url} answered with something else than JSON: {told[:60]!r}"
            raise RegistryError(message) from error

    def _request(self, method: str, path: str, body: bytes | None) -> urllib.request.Request:
        headers = {"Content-Type": "application/json"}
        url = f"{self.uri}{path}"
        return urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - http only

    def _answer(self, asked: urllib.request.Request, limit: int, patience_s: float) -> bytes:
        end = time.monotonic() + patience_s
        try:
            with urllib.request.urlopen(asked, timeout=self._timeout_s) as answer:  # noqa: S310
                return read_whole(answer, limit, end)
        except urllib.error.HTTPError as error:
            with error:
                told = _text(error)
            message = f"{asked.full_url} answered {error.code}: {told[:200]}"
            raise RegistryError(message, error.code) from error
        except (OSError, EOFError, http.client.HTTPException) as error:
            message = f"the model registry at {self.uri} is not reachable: {error}"
            raise RegistryError(message) from error


def read_whole(answer: http.client.HTTPResponse, limit: int, end: float) -> bytes:
    """Read an answer to its end.

    Raises
    ------
    TooLargeError
        It has more than `limit` bytes.
    TimeoutError
        It has not come by `end`, of `time.monotonic`.
    EOFError
        It has not come whole.
    """
    told = answer.headers.get("Content-Length", "")
    length = int(told) if told.isdigit() else None
    parts: list[bytes] = []
    read = 0
    # A socket's timeout begins anew with each byte: only a clock ends an answer that trickles.
    while read != length and (part := answer.read1(CHUNK)):
        parts.append(part)
        read += len(part)
        if read > limit:
            message = f"the answer is longer than {limit:,} bytes"
            raise TooLargeError(message)
        if time.monotonic() > end:
            message = f"after {read:,} bytes it was too slow"
            raise TimeoutError(message)
    if length is not None and read < length:
        message = f"the connection ended after {read:,} of {length:,} bytes"
        raise EOFError(message)
    return b"".join(parts)


def _text(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return ""
