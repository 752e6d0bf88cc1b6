"""Predicts a file of any size with the champion, resumably: `python -m training.batch`."""

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from training import champion
from training.champion import Opened, Version
from training.checks import check_names, numbers
from training.command import KEPT, answer, say, stoppable
from training.errors import TrainingError
from training.parts import Manifest, PartsFolder, Unit
from training.progress import counting
from training.schema import HOUSING
from training.storage import Location, locate
from training.tables import Batch, Table, kind
from training.tracking import PATIENCE_S, tracking_uri, wait_until_reachable

PART_ROWS = 131_072
PREDICTION = "prediction"
PARTS_ENDING = ".parts"


def predict(version: Version, opened: Opened, source: Location, target: Location) -> dict[str, Any]:
    """Write the input's rows, each with its prediction; return what was done.

    Predicted rows are kept in part files beside the target, named by a manifest; when all are
    there, they become the target. A run that was stopped goes on after the last part, unless
    input or champion have changed since.

    Raises
    ------
    TrainingError
        The input cannot be read, a row is not as it must be, or the target cannot be written.
    """
    started = time.monotonic()
    form = kind(target.path)
    table = Table(source)
    names = [column.name for column in opened.columns]
    check_names(table.names, names, table.source)
    if PREDICTION in table.names:
        message = f"{table.source}: has a column {PREDICTION} already: rename or remove it"
        raise TrainingError(message)
    folder = PartsFolder(target.sibling(PARTS_ENDING))
    about = _about(version, source, form)
    manifest = _unfinished(folder, about) or Manifest(about)
    kept = manifest.rows
    manifest = _predict_rest(opened, table, folder, manifest, form)
    _join(folder, form, target)
    folder.location.delete_folder()
    seconds = time.monotonic() - started
    return {
        "out": target.text,
        "model": version.name,
        "version": version.number,
        "rows": manifest.rows,
        "resumed_after": kept,
        "seconds": round(seconds, 1),
        "rows_per_minute": round((manifest.rows - kept) / seconds * 60),
    }


def _about(version: Version, source: Location, form: str) -> dict[str, str]:
    return {
        "input": source.text,
        "input_version": source.version(),
        "model": version.name,
        "model_version": version.number,
        "format": form,
    }


def _unfinished(folder: PartsFolder, about: Mapping[str, str]) -> Manifest | None:
    """Return what a stopped run of the same job left; what any other left is removed."""
    manifest = folder.manifest()
    if manifest is not None and manifest.about != about:
        changed = [key for key, value in about.items() if manifest.about.get(key) != value]
        say(f"Starting anew: {', '.join(changed).replace('_', ' ')} changed since the last run")
        manifest = None
    folder.sweep(manifest)
    if manifest is not None:
        say(f"Going on after the {manifest.rows:,} rows of a run that was stopped")
    return manifest


def _predict_rest(
    opened: Opened, table: Table, folder: PartsFolder, manifest: Manifest, form: str
) -> Manifest:
    waiting: list[pa.RecordBatch] = []

    def flush() -> None:
        nonlocal manifest
        unit = manifest.units[0] if manifest.units else Unit("rows", "")
        part = folder.write(pa.Table.from_batches(waiting), form, len(unit.parts) + 1)
        manifest = manifest.with_unit(replace(unit, parts=(*unit.parts, part)))
        folder.commit(manifest)
        waiting.clear()

    with counting("Predicting", done=manifest.rows) as advance:
        for batch in table.batches(skip=manifest.rows):
            waiting.append(_with_predictions(opened, batch, table.source))
            advance(batch.rows.num_rows)
            if sum(rows.num_rows for rows in waiting) >= PART_ROWS:
                flush()
        if waiting:
            flush()
    if not manifest.rows:
        message = f"{table.source}: 0 rows: there is nothing to predict"
        raise TrainingError(message)
    return manifest


def _with_predictions(opened: Opened, batch: Batch, source: str) -> pa.RecordBatch:
    """Return the rows with one column more; those of CSV that the model reads become numbers."""
    rows = batch.rows
    values = numbers(rows, opened.columns, source, batch.place)
    for index, column in enumerate(opened.columns):
        place = rows.schema.get_field_index(column.name)
        if pa.types.is_string(rows.column(place).type):
            rows = rows.set_column(place, column.name, pa.array(values[:, index]))
    return rows.append_column(PREDICTION, pa.array(opened.model.predict(values)))


def _join(folder: PartsFolder, form: str, target: Location) -> None:
    """Make one file of the parts, a part at a time."""
    with target.writing() as stream:
        if form == "csv":
            for number, text in enumerate(folder.contents()):
                stream.write(text.partition(b"\n")[2] if number else text)
            return
        writer = None
        for data in folder.contents():
            table = pq.read_table(pa.BufferReader(data))
            writer = writer or pq.ParquetWriter(stream, table.schema)
            writer.write_table(table)
        if writer:
            writer.close()


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, predict, answer; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.batch", description=__doc__)
    formats = ".csv, .csv.gz or .parquet, here or at s3://bucket/key"
    parser.add_argument("--in", dest="source", required=True, metavar="FILE", help=formats)
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help=".csv or .parquet, here or at s3://bucket/key: the input with a column prediction",
    )
    parser.add_argument(
        "--model", default=HOUSING.name, help="whose champion (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args(arguments)
    return answer(
        "Batch prediction",
        lambda: _run(chosen.source, chosen.out, chosen.model),
        as_json=chosen.json,
    )


def _run(source: str, out: str, model: str) -> dict[str, Any]:
    if out.endswith(".gz"):
        message = f"--out {out}: must end with .csv or .parquet"
        raise TrainingError(message)
    if source == out:
        message = f"--out {out}: is the input, which stays as it is: choose another name"
        raise TrainingError(message)
    read, written = locate(source), locate(out)
    kind(written.path)
    # Opened once before the model is fetched: a mistyped path is told at once.
    Table(read)
    uri = tracking_uri()
    wait_until_reachable(uri, say, PATIENCE_S)
    version = champion.find(uri, model)
    if version is None:
        message = f"--model {model}: the registry at {uri} has no champion of that name: train one"
        raise TrainingError(message)
    opened = champion.open_version(uri, version)
    say(f"Predicting {source} with {model} version {version.number}")
    result = predict(version, opened, read, written)
    say(
        f"{result['rows']:,} rows with predictions of {result['model']} version "
        f"{result['version']} in {result['out']} ({result['rows_per_minute']:,} a minute)"
    )
    return result


if __name__ == "__main__":
    sys.exit(stoppable(main, KEPT))
