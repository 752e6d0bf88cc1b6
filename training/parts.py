"""A folder of part files with a manifest that is written last: what is not in it is not there."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from training.errors import TrainingError
from training.storage import Location

MANIFEST = "_manifest.json"
PREFIX = "part-"


@dataclass(frozen=True)
class Part:
    """A finished file of the folder."""

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Unit:
    """What was taken at once, with its version at that time, and the parts that hold it."""

    name: str
    version: str
    parts: tuple[Part, ...] = ()

    @property
    def rows(self) -> int:
        """Count the rows in its parts."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class Manifest:
    """What a folder holds, and of what: `about` says where the rows come from."""

    about: Mapping[str, str]
    units: tuple[Unit, ...] = field(default=())

    @property
    def rows(self) -> int:
        """Count the rows in all parts."""
        return sum(unit.rows for unit in self.units)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return all parts in their order."""
        return tuple(part for unit in self.units for part in unit.parts)

    def with_unit(self, unit: Unit) -> "Manifest":
        """Return the manifest with a unit more, in the place of one with the same name."""
        others = [known for known in self.units if known.name != unit.name]
        return replace(self, units=(*others, unit))

    def as_json(self) -> str:
        """Return the manifest as text."""
        return json.dumps({"rows": self.rows, **asdict(self)}, indent=1) + "\n"


class PartsFolder:
    """A folder or S3 prefix of parts; a reader takes only what its manifest names."""

    def __init__(self, location: Location) -> None:
        self.location = location

    def manifest(self) -> Manifest | None:
        """Return what the folder holds; None when nothing was finished in it yet.

        Raises
        ------
        TrainingError
            The manifest is not one.
        """
        place = self.location.child(MANIFEST)
        if not place.exists():
            return None
        try:
            return _manifest(json.loads(place.read()))
        except (ValueError, KeyError, TypeError) as error:
            message = f"{place.text}: is no manifest ({error}): remove the folder and start anew"
            raise TrainingError(message) from error

    def sweep(self, manifest: Manifest | None) -> int:
        """Remove the parts of a run that did not end; return how many there were."""
        known = {part.file for part in manifest.parts} if manifest else set()
        stray = [
            entry.name
            for entry in self.location.entries()
            if entry.name.startswith(PREFIX) and entry.name not in known
        ]
        for name in stray:
            self.location.child(name).delete()
        return len(stray)

    def write(self, table: pa.Table, form: str, number: int) -> Part:
        """Write a part; it counts only once a manifest names it.

        The name carries the content's hash: two runs at a time never overwrite each other's.
        """
        data = encoded(table, form)
        digest = hashlib.sha256(data).hexdigest()
        name = f"{PREFIX}{number:05d}-{digest[:8]}.{form}"
        self.location.child(name).write(data)
        return Part(name, table.num_rows, digest)

    def commit(self, manifest: Manifest) -> None:
        """Make it the truth what the folder holds."""
        self.location.child(MANIFEST).write(manifest.as_json().encode())

    def files(self) -> Iterator[Location]:
        """Yield the parts in their order, each compared with the manifest; raises as `contents`."""
        for place, _ in self._compared():
            yield place

    def contents(self) -> Iterator[bytes]:
        """Yield what the parts hold, in their order.

        Raises
        ------
        TrainingError
            There is no manifest, or a part is missing or not what was written.
        """
        for _, data in self._compared():
            yield data

    def _compared(self) -> Iterator[tuple[Location, bytes]]:
        manifest = self.manifest()
        if manifest is None:
            message = (
                f"{self.location.text}: has no {MANIFEST}: nothing was finished here; "
                "`python -m training.extract` writes such a folder"
            )
            raise TrainingError(message)
        for part in manifest.parts:
            place = self.location.child(part.file)
            data = place.read()
            digest = hashlib.sha256(data).hexdigest()
            if digest != part.sha256:
                message = (
                    f"{place.text}: sha256 is {digest}, not {part.sha256} as it was written: "
                    "it is damaged; start again with an empty folder"
                )
                raise TrainingError(message)
            yield place, data


def encoded(table: pa.Table, form: str) -> bytes:
    """Return a table as the bytes of a CSV or Parquet file."""
    sink = io.BytesIO()
    if form == "csv":
        pacsv.write_csv(table, sink)
    else:
        pq.write_table(table, sink)
    return sink.getvalue()


def _manifest(found: Mapping[str, Any]) -> Manifest:
    units = tuple(
        Unit(unit["name"], unit["version"], tuple(Part(**part) for part in unit["parts"]))
        for unit in found["units"]
    )
    return Manifest(dict(found["about"]), units)
