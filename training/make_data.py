"""Writes a generated set to a file, to try things out with: `python -m training.make_data`."""

import argparse
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from training.command import KEPT, answer, say, stoppable
from training.data import Dataset
from training.errors import TrainingError
from training.generate import generate, generate_classes
from training.schema import HOUSING, TWO_FEATURES
from training.storage import Location, locate
from training.tables import kind

MAKERS = {HOUSING.name: generate, TWO_FEATURES.name: generate_classes}
MOST_ROWS = 10_000_000
"""All rows are made at once: so many of housing take 4 GB."""


def write(data: Dataset, target: Location) -> None:
    """Write the features by the problem's column names, the target last, as CSV or Parquet."""
    names = [*data.problem.column_names, data.problem.target.name]
    columns = [*data.features.T, data.target]
    table = pa.table(dict(zip(names, map(np.ascontiguousarray, columns), strict=True)))
    with target.writing() as stream:
        if kind(target.path) == "csv":
            pacsv.write_csv(table, stream)
        else:
            pq.write_table(table, stream)


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, make, write; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m training.make_data", description=__doc__)
    parser.add_argument("--out", required=True, metavar="FILE", help=".csv or .parquet, or s3://")
    parser.add_argument("--problem", default=HOUSING.name, choices=MAKERS)
    parser.add_argument("--rows", default=20_640, type=int)
    parser.add_argument("--seed", default=0, type=int)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args(arguments)
    return answer(
        "Making data",
        lambda: _make(chosen.problem, chosen.rows, chosen.seed, chosen.out),
        as_json=chosen.json,
    )


def _make(problem: str, rows: int, seed: int, out: str) -> dict[str, Any]:
    if not 1 <= rows <= MOST_ROWS:
        message = f"--rows {rows}: must be from 1 to {MOST_ROWS:,}"
        raise TrainingError(message)
    target = locate(out)
    kind(target.path)
    write(MAKERS[problem](rows, seed), target)
    say(f"{rows:,} generated rows of {problem} in {out}")
    return {"out": out, "rows": rows}


if __name__ == "__main__":
    sys.exit(stoppable(main, KEPT))
