"""Where extraction takes rows from: an HTTP file, a PostgreSQL query, the files of a folder."""

import csv
import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol

from training.errors import TrainingError
from training.storage import Location, locate, reason
from training.tables import ENDINGS

TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 20
NOT_MODIFIED = 304


@dataclass(frozen=True)
class News:
    """A file with rows that were not taken yet, in this version.

    What was taken before under the same name is replaced by it.
    """

    name: str
    version: str
    file: Location


class Origin(Protocol):
    """Something with rows."""

    @property
    def about(self) -> Mapping[str, str]:
        """What it is, without secrets: a folder is filled from one origin only."""
        ...

    def news(self, taken: Mapping[str, str], scratch: Path) -> Iterator[News]:
        """Yield what is new or changed; `taken` has the versions by name, oldest first."""
        ...


class HttpFile:
    """One CSV or Parquet file of a web server, taken again whenever it has changed."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        _refuse_credentials(parts, "use an address without them")
        self._url = url
        # What follows the question mark may be a signature.
        self._shown = urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        self.about = {"from": self._shown}

    def news(self, taken: Mapping[str, str], scratch: Path) -> Iterator[News]:
        """Yield the file unless the server, or its content, says that it is the one taken.

        Raises
        ------
        TrainingError
            The server is not reachable, refuses, or ends the file too early.
        """
        name = Path(urllib.parse.urlsplit(self._url).path).name or "index.csv"
        if not name.endswith(ENDINGS):
            name += ".csv"
        known = taken.get(self._shown, "")
        request = urllib.request.Request(self._url, headers=_condition(known))  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                version = _save(answer, scratch / name, self._shown)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == NOT_MODIFIED:
                    return
                message = f"{self._shown}: the server answered {error.code} {error.reason}"
                raise TrainingError(message) from error
        except (OSError, http.client.HTTPException) as error:
            message = f"{self._shown}: cannot be fetched: {getattr(error, 'reason', error)}"
            raise TrainingError(message) from error
        if version != known:
            yield News(self._shown, version, _called(self._shown, scratch / name))


class FolderFiles:
    """The CSV and Parquet files below a folder or S3 prefix, each taken again when it changes."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self.about = {"from": location.text}

    def news(self, taken: Mapping[str, str], scratch: Path) -> Iterator[News]:  # noqa: ARG002
        """Yield the new and changed files in the order of their names.

        Raises
        ------
        TrainingError
            There is no such folder, or nothing in it that could be taken.
        """
        entries = [e for e in self._location.entries() if e.name.endswith(ENDINGS)]
        if not entries:
            message = f"{self._location.text}: has no file that ends with {' or '.join(ENDINGS)}"
            raise TrainingError(message)
        for entry in entries:
            if taken.get(entry.name) != entry.version:
                yield News(entry.name, entry.version, self._location.child(entry.name))


class PostgresQuery:
    """The rows of a query, in one snapshot; with a cursor column only those after the last taken.

    The cursor column must grow from row to row and never be null, as an identity column does.
    Without one, the whole result is taken anew each time.
    """

    def __init__(self, url: str, query: str, cursor: str | None) -> None:
        parts = urllib.parse.urlsplit(url)
        given = urllib.parse.parse_qs(parts.query)
        if parts.password or "password" in given:
            _refuse_credentials(parts._replace(netloc="x@"), "use PGPASSWORD or ~/.pgpass")
        self._url, self._query, self._cursor = url, query.strip().rstrip(";"), cursor
        self.about = {
            "from": urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
            "query": self._query,
            "cursor": cursor or "",
        }

    def news(self, taken: Mapping[str, str], scratch: Path) -> Iterator[News]:
        """Yield the rows after the last taken one as one file, none when there are none.

        Raises
        ------
        TrainingError
            The server is not reachable or refuses the query; the cursor column has no value.
        """
        file = scratch / "rows.csv"
        last = list(taken.values())[-1] if taken and self._cursor else None
        with file.open("wb") as stream:
            self._copy(stream, last)
        name, version = self._newest(file)
        if version is not None and version not in taken.values():
            yield News(name, version, _called(self.about["from"], file))

    def _copy(self, stream: IO[bytes], last: str | None) -> None:
        # Imported here: who reads a file needs no database client.
        import psycopg  # noqa: PLC0415
        from psycopg import sql  # noqa: PLC0415

        command = sql.SQL("SELECT * FROM (\n{}\n) AS asked").format(sql.SQL(self._query))
        if self._cursor:
            column = sql.Identifier(self._cursor)
            if last is not None:
                command += sql.SQL(" WHERE {} > {}").format(column, sql.Literal(last))
            command += sql.SQL(" ORDER BY {}").format(column)
        copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(command)
        try:
            with psycopg.connect(self._url, connect_timeout=10) as connection:
                connection.read_only = True
                with connection.cursor() as cursor, cursor.copy(copy) as rows:
                    for chunk in rows:
                        stream.write(chunk)
        except psycopg.Error as error:
            message = f"{self.about['from']}: PostgreSQL says: {reason(error)}"
            raise TrainingError(message) from error

    def _newest(self, file: Path) -> tuple[str, str | None]:
        """Return a name and the version of what was copied: its last cursor value, or its hash."""
        if not self._cursor:
            with file.open("rb") as stream:
                return "all rows", hashlib.file_digest(stream, "sha256").hexdigest()
        with file.open(newline="") as text:
            rows = csv.reader(text)
            place = next(rows).index(self._cursor)
            newest = deque(rows, maxlen=1)
        if not newest:
            return "", None
        last = newest[0]
        if not last[place]:
            message = (
                f"{self.about['from']}: the cursor column {self._cursor} has rows without a value: "
                "they would never be seen again; choose a column that is never null"
            )
            raise TrainingError(message)
        return f"rows up to {self._cursor} {last[place]}", last[place]


def origin(text: str, query: str | None, cursor: str | None) -> Origin:
    """Return the origin that an address names.

    Raises
    ------
    TrainingError
        The address carries a password, or the query is missing or has nowhere to go.
    """
    if text.startswith(("postgresql://", "postgres://")):
        if not query:
            message = f"{_shown(text)}: --query is missing: which rows of the database?"
            raise TrainingError(message)
        return PostgresQuery(text, query, cursor)
    if query or cursor:
        message = f"--query and --cursor are for postgresql://, not for {_shown(text)}"
        raise TrainingError(message)
    if text.startswith(("http://", "https://")):
        return HttpFile(text)
    return FolderFiles(locate(text))


def _called(text: str, file: Path) -> Location:
    """Return a fetched file under the name that people know it by."""
    return replace(locate(str(file)), text=text)


def _shown(text: str) -> str:
    """Return an address as it may be shown: without a password, without what may be a signature."""
    parts = urllib.parse.urlsplit(text)
    netloc = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def _refuse_credentials(parts: urllib.parse.SplitResult, instead: str) -> None:
    if "@" in parts.netloc:
        message = (
            "a password stands in the address, where every user of the machine can read it: "
            f"{instead}"
        )
        raise TrainingError(message)


def _condition(known: str) -> dict[str, str]:
    """Return the headers that ask for the file only if it is another one than is known."""
    kind, _, value = known.partition(" ")
    header = {"etag": "If-None-Match", "modified": "If-Modified-Since"}.get(kind)
    return {header: value} if header else {}


def _save(answer: Any, file: Path, shown: str) -> str:  # noqa: ANN401 - urllib's response
    """Write the body to a file, whole or not at all; return its version."""
    digest, size = hashlib.sha256(), 0
    with file.open("wb") as stream:
        while chunk := answer.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            stream.write(chunk)
    announced = answer.headers.get("Content-Length")
    if announced is not None and size != int(announced):
        message = f"{shown}: ended after {size:,} of {int(announced):,} bytes: try again"
        raise TrainingError(message)
    if etag := answer.headers.get("ETag"):
        return f"etag {etag}"
    if modified := answer.headers.get("Last-Modified"):
        return f"modified {modified}"
    return f"sha256 {digest.hexdigest()}"
