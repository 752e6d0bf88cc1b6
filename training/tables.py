"""Reads CSV and Parquet files a batch of rows at a time, whatever their size."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from training.checks import Place, row_place
from training.errors import TrainingError
from training.storage import Location, reason

BLOCK_BYTES = 8 << 20
HEADER_BYTES = 64 << 10
ROWS_AT_ONCE = 65_536
ENDINGS = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class Batch:
    """Some rows of a file, how many stood before them, and what a row of them is called.

    The columns of a CSV file are text as it stands there; those of Parquet have their types.
    """

    rows: pa.RecordBatch
    before: int
    place: Place


class Table:
    """An opened CSV or Parquet file."""

    def __init__(self, location: Location) -> None:
        self.source = location.text
        self._location = location
        self._is_parquet = kind(location.path) == "parquet"
        if self._is_parquet:
            self._file = self._parquet()
            names = self._file.schema_arrow.names
        else:
            names = self._csv_header()
        self.names: tuple[str, ...] = tuple(names)

    def batches(self, skip: int = 0) -> Iterator[Batch]:
        """Yield the rows after the first `skip`, in order, in batches of bounded size.

        Raises
        ------
        TrainingError
            The file is cut off or damaged; names the file and, where known, the line.
        """
        before = 0
        read = self._parquet_batches() if self._is_parquet else self._csv_batches()
        for batch in read:
            whole, left_out = batch, max(0, skip - before)
            before += whole.num_rows
            if left_out >= whole.num_rows:
                continue
            first = before - whole.num_rows + left_out
            yield Batch(whole.slice(left_out), first, partial(self._place, first))

    def _place(self, first: int, row: int) -> str:
        if self._is_parquet:
            return row_place(first + row)
        return f"row {first + row + 1:,} (line {first + row + 2:,})"

    def _parquet(self) -> pq.ParquetFile:
        if not self._location.exists():
            raise TrainingError(_absent(self.source))
        try:
            # With pre-buffering, the bytes of all row groups would be kept until the end.
            return pq.ParquetFile(self._location.open(), pre_buffer=False)
        except (OSError, pa.ArrowException) as error:
            raise TrainingError(self._damaged("Parquet", error)) from error

    def _parquet_batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._file.iter_batches(ROWS_AT_ONCE)
        except (OSError, pa.ArrowException) as error:
            raise TrainingError(self._damaged("Parquet", error)) from error

    def _csv_header(self) -> list[str]:
        if not self._location.exists():
            raise TrainingError(_absent(self.source))
        try:
            with self._text() as stream:
                start = bytes(stream.read(HEADER_BYTES))
            line = start.partition(b"\n")[0].decode("utf-8-sig")
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
            raise TrainingError(self._damaged("CSV", error)) from error
        return [cell.strip() for cell in next(csv.reader([line.strip()]), [])]

    def _csv_batches(self) -> Iterator[pa.RecordBatch]:
        broken: list[str] = []

        def note(row: pacsv.InvalidRow) -> str:
            line = "" if row.number is None else f"line {row.number:,}: "
            broken.append(
                f"{self.source}: {line}the line ends after {row.actual_columns} values and there "
                f"are {row.expected_columns} columns; is the file cut off? It reads {row.text!r}"
            )
            return "error"

        try:
            with self._text() as stream:
                yield from pacsv.open_csv(
                    stream,
                    read_options=pacsv.ReadOptions(
                        block_size=BLOCK_BYTES,
                        use_threads=False,  # or an invalid line has no number
                        column_names=list(self.names),
                        skip_rows=1,
                    ),
                    parse_options=pacsv.ParseOptions(invalid_row_handler=note),
                    convert_options=pacsv.ConvertOptions(
                        column_types=dict.fromkeys(self.names, pa.string()),
                        null_values=[""],
                        strings_can_be_null=True,
                    ),
                )
        except (OSError, pa.ArrowException) as error:
            if "Empty CSV" in str(error):
                return
            raise TrainingError(broken[0] if broken else self._damaged("CSV", error)) from error

    def _text(self) -> pa.NativeFile:
        compression = "gzip" if self._location.path.endswith(".gz") else None
        return self._location.system.open_input_stream(self._location.path, compression=compression)

    def _damaged(self, form: str, error: Exception) -> str:
        packed = "gzipped " if self._location.path.endswith(".gz") else ""
        size = self._location.system.get_file_info(self._location.path).size
        return (
            f"{self.source}: cannot be read as {packed}{form}: {reason(error)}: it has "
            f"{size:,} bytes; is it cut off, or in another format?"
        )


def kind(name: str) -> str:
    """Return `csv` or `parquet`, from how a file's name ends.

    Raises
    ------
    TrainingError
        It ends otherwise.
    """
    for ending in ENDINGS:
        if name.endswith(ending):
            return ending.split(".")[1]
    message = f"{name}: must end with {' or '.join(ENDINGS)}, so that its format is known"
    raise TrainingError(message)


def _absent(source: str) -> str:
    return f"{source}: there is no such file"
