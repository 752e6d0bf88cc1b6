"""Reading tables: Parquet and folders of parts as well as CSV, and each way they are damaged."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.checks import numbers
from training.data import read_housing
from training.errors import TrainingError
from training.generate import generate
from training.parts import MANIFEST, Manifest, PartsFolder, Unit
from training.schema import FEATURE_NAMES, FEATURES, TABLES, TARGET
from training.storage import locate
from training.tables import ROWS_AT_ONCE, Table

HOUSING = generate(300)
HOUSES = pa.table(
    {
        **dict(zip(FEATURE_NAMES, HOUSING.features.T, strict=True)),
        TARGET.name: HOUSING.target,
    }
)


def parquet(folder, table=HOUSES, name="houses.parquet"):
    pq.write_table(table, folder / name)
    return locate(str(folder / name))


def parts(folder):
    """A folder with the houses in two parts, as a job leaves it."""
    there = PartsFolder(locate(str(folder)))
    halves = [HOUSES.slice(0, 200), HOUSES.slice(200)]
    written = tuple(there.write(half, "parquet", n) for n, half in enumerate(halves, 1))
    there.commit(Manifest({"table": "housing"}, (Unit("file", "1", written),)))
    return there


def test_parquet_and_parts_hold_the_same_data_as_arrays(tmp_path):
    """The content hash does not depend on whether rows come from one file or from two parts."""
    assert read_housing(parquet(tmp_path)).content_hash() == HOUSING.content_hash()
    folder = parts(tmp_path / "parts").location
    assert read_housing(folder).content_hash() == HOUSING.content_hash()


def test_rows_are_the_same_after_a_skip(tmp_path):
    """A job that goes on after row n sees exactly the rows that it has not seen."""
    rows = ROWS_AT_ONCE + 7
    table = Table(parquet(tmp_path, pa.table({"n": np.arange(rows)})))
    for skip in (0, 5, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, rows):
        seen = [n for batch in table.batches(skip) for n in batch.rows.column("n").to_pylist()]
        assert seen == list(range(skip, rows))


@pytest.mark.parametrize("kept", [0, 3, 100, 5_000])
def test_truncated_parquet_is_refused(tmp_path, kept):
    """A Parquet file that was cut off anywhere is an error that names it, not fewer rows."""
    place = parquet(tmp_path)
    whole = place.read()
    place.write(whole[:kept])
    with pytest.raises(TrainingError, match=rf"houses\.parquet: cannot .* {kept:,} bytes; is it"):
        read_housing(place)


def test_damaged_part_is_refused(tmp_path):
    """A part that is not what was written is named, with both hashes."""
    folder = parts(tmp_path)
    part = folder.manifest().parts[1]
    folder.location.child(part.file).write(b"PAR1 something else PAR1")
    with pytest.raises(TrainingError, match=rf"{part.file}: sha256 is .* not {part.sha256}"):
        read_housing(folder.location)


def test_folder_without_a_manifest_holds_nothing(tmp_path):
    """What a killed job left is not taken for data."""
    folder = parts(tmp_path)
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(TrainingError, match="nothing was finished here"):
        read_housing(folder.location)
    assert folder.sweep(folder.manifest()) == 2
    assert list(tmp_path.iterdir()) == []


def test_sweep_spares_what_the_manifest_names(tmp_path):
    """Only parts of a run that did not end are removed."""
    folder = parts(tmp_path)
    folder.write(HOUSES.slice(0, 5), "parquet", 3)
    (tmp_path / "notes.txt").write_text("mine")
    assert folder.sweep(folder.manifest()) == 1
    assert len(list(folder.files())) == 2
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"about": {}, "units": [{"name": "x"}]}'])
def test_damaged_manifest_is_named(tmp_path, text):
    """A manifest that is none is an error that says what to do."""
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(TrainingError, match=r"_manifest\.json: is no manifest .* start anew"):
        PartsFolder(locate(str(tmp_path))).manifest()


def test_replaced_unit_takes_the_place_of_the_old_one():
    """A unit with a known name is the new truth of it; others stay."""
    manifest = Manifest({}, (Unit("a", "1"), Unit("b", "1"))).with_unit(Unit("a", "2"))
    assert {(unit.name, unit.version) for unit in manifest.units} == {("a", "2"), ("b", "1")}


@pytest.mark.parametrize("column", [*TABLES["housing"]], ids=lambda c: c.name)
def test_each_column_refuses_what_is_outside_its_range(column):
    """Just below, just above and no number at all are refused; the bounds are not."""
    index = TABLES["housing"].index(column)
    good = [HOUSES.column(name)[0].as_py() for name in HOUSES.column_names]

    def batch(value):
        row = [*good[:index], value, *good[index + 1 :]]
        return pa.record_batch([[cell] for cell in row], names=HOUSES.column_names)

    for value in (column.low, column.high):
        assert numbers(batch(value), TABLES["housing"], "x").shape == (1, 9)
    for value in (column.low - 0.01, column.high + 0.01, float("nan"), None, float("inf")):
        with pytest.raises(TrainingError, match=f"x: row 1, column {column.name}: "):
            numbers(batch(value), TABLES["housing"], "x")


def test_count_of_bad_rows_and_the_first_of_them_are_told(tmp_path):
    """Who has to repair the data hears how much of it is wrong."""
    features = HOUSING.features.copy()
    features[10:30, 0] *= 10_000
    table = HOUSES.set_column(0, "MedInc", pa.array(features[:, 0]))
    with pytest.raises(TrainingError, match=r"row 11, column MedInc: .* 20 of 300 .* by 10,000"):
        read_housing(parquet(tmp_path, table))


def test_column_of_another_type_is_named(tmp_path):
    """A column of dates is no number, whatever Arrow could make of it."""
    table = HOUSES.set_column(1, "HouseAge", pa.array([["x"]] * 300))
    with pytest.raises(TrainingError, match="column HouseAge holds list"):
        read_housing(parquet(tmp_path, table))


def test_column_that_is_there_twice_is_refused(tmp_path):
    """Which of two columns is meant is not guessed."""
    table = HOUSES.append_column("MedInc", HOUSES.column("MedInc"))
    with pytest.raises(TrainingError, match="column MedInc is there twice"):
        read_housing(parquet(tmp_path, table))


def test_absent_file_is_named(tmp_path):
    """A path where nothing is, is an error that says so."""
    for name in ("houses.csv", "houses.parquet"):
        with pytest.raises(TrainingError, match=f"{name}: there is no such file"):
            Table(locate(str(tmp_path / name)))


def test_file_of_an_unknown_format_is_refused(tmp_path):
    """A format is not guessed from the content."""
    with pytest.raises(TrainingError, match=r"houses\.xlsx: must end with \.csv or"):
        Table(locate(str(tmp_path / "houses.xlsx")))


def test_content_hash_tells_one_changed_value():
    """The hash is that of the values: one more cent is another data set."""
    target = HOUSING.target.copy()
    target[-1] += 1e-9
    changed = dataclasses.replace(HOUSING, target=target)
    assert changed.content_hash() != HOUSING.content_hash()
    assert len(FEATURES) == HOUSING.features.shape[1]
