"""Takes rows from outside into Parquet parts, only what is new: `python -m training.extract`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from training.checks import numbers, recognise
from training.command import KEPT, answer, say, stoppable
from training.errors import TrainingError
from training.origins import News, Origin, origin
from training.parts import Manifest, Part, PartsFolder, Unit
from training.progress import counting
from training.schema import TABLES
from training.storage import locate
from training.tables import Batch, Table

PART_ROWS = 262_144


def extract(source: Origin, folder: PartsFolder) -> dict[str, Any]:
    """Take what is new, check every row, write it in parts; return what was done.

    The manifest is written after each file whose parts are all there: whenever the job is killed,
    the folder holds what was finished, and the next run takes the rest.

    Raises
    ------
    TrainingError
        The source or the folder cannot be used, or a row is not as it must be.
    """
    started = time.monotonic()
    manifest = folder.manifest()
    _refuse_other_origin(manifest, source, folder)
    if swept := folder.sweep(manifest):
        say(f"Removed {swept} parts of a run that did not end")
    manifest = manifest or Manifest(source.about)
    taken = {unit.name: unit.version for unit in manifest.units}
    new_rows = 0
    with tempfile.TemporaryDirectory(prefix="extract-") as scratch:
        for news in source.news(taken, Path(scratch)):
            unit, table = _take(news, folder, manifest)
            manifest = Manifest({**source.about, "table": table}, manifest.with_unit(unit).units)
            folder.commit(manifest)
            new_rows += unit.rows
            say(f"Took {unit.rows:,} rows of {news.name}")
    # What a changed file had held before.
    folder.sweep(manifest)
    return {
        "to": folder.location.text,
        "table": manifest.about.get("table"),
        "new_rows": new_rows,
        "rows": manifest.rows,
        "parts": len(manifest.parts),
        "seconds": round(time.monotonic() - started, 1),
    }


def _refuse_other_origin(manifest: Manifest | None, source: Origin, folder: PartsFolder) -> None:
    known = {k: v for k, v in (manifest.about if manifest else {}).items() if k != "table"}
    if known and known != dict(source.about):
        message = (
            f"{folder.location.text}: holds rows of {known}, not of {dict(source.about)}: "
            "choose another --to"
        )
        raise TrainingError(message)


def _take(news: News, folder: PartsFolder, manifest: Manifest) -> tuple[Unit, str]:
    """Write one file's rows in parts of bounded size."""
    table = Table(news.file)
    known = manifest.about.get("table")
    name = recognise(table.names, table.source, (known,) if known else tuple(TABLES))
    waiting: list[pa.RecordBatch] = []
    parts: list[Part] = []

    def flush() -> None:
        if waiting:
            number = len(manifest.parts) + len(parts) + 1
            parts.append(folder.write(pa.Table.from_batches(waiting), "parquet", number))
            waiting.clear()

    with counting(f"Taking {news.name}") as advance:
        for batch in table.batches():
            waiting.append(_checked(batch, name, table.source))
            advance(batch.rows.num_rows)
            if sum(rows.num_rows for rows in waiting) >= PART_ROWS:
                flush()
        flush()
    return Unit(news.name, news.version, tuple(parts)), name


def _checked(batch: Batch, table: str, source: str) -> pa.RecordBatch:
    """Return the table's columns as plain numbers, all of them plausible."""
    columns = TABLES[table]
    values = numbers(batch.rows, columns, source, batch.place)
    return pa.record_batch(list(values.T), names=[column.name for column in columns])


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, extract, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.extract", description=__doc__)
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="ADDRESS",
        help="http(s)://….csv, postgresql://user@host/database, s3://bucket/prefix or a folder",
    )
    parser.add_argument("--to", required=True, help="s3://bucket/prefix or a folder")
    parser.add_argument("--query", help="which rows of the PostgreSQL database, as a SELECT")
    parser.add_argument("--cursor", help="its column that grows: take only rows after the last")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args(arguments)

    def work() -> dict[str, Any]:
        source = origin(chosen.source, chosen.query, chosen.cursor)
        result = extract(source, PartsFolder(locate(chosen.to)))
        say(f"{result['new_rows']:,} new rows; {result['to']} now has {result['rows']:,}")
        return result

    return answer("Extraction", work, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(stoppable(main, KEPT))
