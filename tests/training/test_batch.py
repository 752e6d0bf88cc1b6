"""Batch prediction: the model's own predictions, whatever the format, and whatever stopped it."""

import dataclasses
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from training import tables
from training.batch import main, predict
from training.champion import Opened, Version
from training.errors import TrainingError
from training.generate import generate
from training.models import store
from training.models.interface import Part
from training.models.linear import Linear, fit_linear
from training.models.recipes import RECIPES
from training.schema import FEATURE_NAMES, HOUSING
from training.storage import locate

HOUSES = generate(400)


def champion(folder, version="1"):
    """A linear model as the registry has it."""
    part = Part(HOUSES.features, HOUSES.target)
    model = fit_linear(part, part, RECIPES["linear"].profiles["default"], 0)
    there = folder / "model"
    there.mkdir(exist_ok=True)
    store.save(model, HOUSING, HOUSES.features[:3], there)
    seen = np.empty(0, np.uint64)
    named = Version(HOUSING.name, version, "run", str(there), {})
    return named, Opened(store.load(there), seen, store.columns(there))


def features(rows):
    """Rows to predict, with a column that the model does not know."""
    found = generate(rows, seed=1).features
    columns = dict(zip(FEATURE_NAMES, found.T, strict=True))
    return pa.table({"id": [f"{n:05d}" for n in range(rows)], **columns})


def write(table, path):
    (pq.write_table if path.suffix == ".parquet" else pacsv.write_csv)(table, path)
    return locate(str(path))


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path)
    types = {"id": pa.string(), **dict.fromkeys(FEATURE_NAMES, pa.float64())}
    return pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(column_types=types))


@pytest.fixture
def in_small_batches(monkeypatch):
    """Batches and parts of about 100 rows, so that a small file has several."""
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 100)
    monkeypatch.setattr(tables, "BLOCK_BYTES", 13_000)
    monkeypatch.setattr("training.batch.PART_ROWS", 100)


@pytest.mark.parametrize("source", ["in.csv", "in.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
@pytest.mark.usefixtures("in_small_batches")
def test_every_row_gets_the_prediction_that_the_model_gives_it(tmp_path, source, target):
    """All rows and columns come out in their order, unchanged, with one column more."""
    asked, model = features(350), champion(tmp_path)
    done = predict(*model, write(asked, tmp_path / source), locate(str(tmp_path / target)))
    got = read(tmp_path / target)
    assert (done["rows"], done["version"]) == (350, "1")
    assert got.column_names == [*asked.column_names, "prediction"]
    assert got.drop_columns("prediction").equals(asked)
    values = np.column_stack([asked.column(name).to_numpy() for name in FEATURE_NAMES])
    # A dot product's last bit depends on how many rows there are at once.
    expected = pytest.approx(model[1].model.predict(values), rel=1e-12)
    assert got.column("prediction").to_numpy() == expected
    assert {path.name for path in tmp_path.iterdir()} == {"model", source, target}


class Stopping:
    """A model that stops after so many calls, as a killed process does."""

    def __init__(self, model: Linear, calls: int) -> None:
        self._model, self._left = model, calls

    def predict(self, rows):
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return self._model.predict(rows)


def stopped(folder, calls, name="in.parquet"):
    """Predict 350 rows, and be stopped; return the model, the input and the output."""
    model = champion(folder)
    source, target = write(features(350), folder / name), locate(str(folder / "out.csv"))
    version, opened = model
    broken = dataclasses.replace(opened, model=Stopping(opened.model, calls))
    with pytest.raises(KeyboardInterrupt):
        predict(version, broken, source, target)
    return model, source, target


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
@pytest.mark.usefixtures("in_small_batches")
def test_stopped_run_goes_on_where_it_was(tmp_path, name):
    """What was predicted is not predicted again, and the result is that of one run."""
    model, source, target = stopped(tmp_path, calls=2, name=name)
    assert not target.exists()
    (tmp_path / "out.csv.parts" / "part-00003-deadbeef.csv").write_text("half")
    assert 150 < predict(*model, source, target)["resumed_after"] < 250
    resumed = target.read()
    whole = locate(str(tmp_path / "whole.csv"))
    assert predict(*model, source, whole)["resumed_after"] == 0
    assert resumed == whole.read()


@pytest.mark.usefixtures("in_small_batches")
def test_stopped_run_does_not_go_on_with_another_champion(tmp_path, capsys):
    """Predictions of two versions never stand in one file."""
    _, source, target = stopped(tmp_path, calls=2)
    newer = champion(tmp_path, version="2")
    done = predict(*newer, source, target)
    assert (done["resumed_after"], done["version"]) == (0, "2")
    assert "Starting anew: model version changed" in capsys.readouterr().err


@pytest.mark.usefixtures("in_small_batches")
def test_stopped_run_does_not_go_on_with_another_input(tmp_path):
    """Rows of two inputs never stand in one file."""
    model, source, target = stopped(tmp_path, calls=2)
    write(features(360), tmp_path / "in.parquet")
    done = predict(*model, source, target)
    assert (done["resumed_after"], done["rows"]) == (0, 360)


@pytest.mark.usefixtures("in_small_batches")
def test_bad_row_is_named_and_the_old_output_stays(tmp_path):
    """A row that cannot be is refused with its number, however far it is in the file."""
    target = tmp_path / "out.csv"
    target.write_text("yesterday's")
    asked = features(350)
    latitude = asked.column("Latitude").to_numpy().copy()
    latitude[333] = -122.2
    asked = asked.set_column(7, "Latitude", pa.array(latitude))
    with pytest.raises(TrainingError, match=r"row 334, column Latitude: .* swapped\?"):
        predict(*champion(tmp_path), write(asked, tmp_path / "in.parquet"), locate(str(target)))
    assert target.read_text() == "yesterday's"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (features(100).drop_columns("MedInc"), "column MedInc is missing"),
        (features(100).append_column("prediction", [[1.0] * 100]), "has a column prediction"),
        (features(100).slice(0, 0), "0 rows: there is nothing to predict"),
    ],
)
def test_input_that_cannot_be_predicted_is_explained(tmp_path, table, message):
    """An input without a column, with one too many or without rows is refused."""
    source = write(table, tmp_path / "in.parquet")
    with pytest.raises(TrainingError, match=message):
        predict(*champion(tmp_path), source, locate(str(tmp_path / "out.csv")))


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("absent.csv", "out.csv", r"absent\.csv: there is no such file"),
        ("in.xlsx", "out.csv", r"in\.xlsx: must end with"),
        ("in.csv", "out.xlsx", r"out\.xlsx: must end with"),
        ("in.csv", "out.csv.gz", r"out\.csv\.gz: must end with \.csv or \.parquet"),
        ("in.csv", "in.csv", "is the input"),
        ("in.csv", "out.csv", "MLflow at 127.0.0.1:9 is not reachable"),
    ],
)
def test_arguments_that_cannot_be_meant_are_explained(
    tmp_path, monkeypatch, capsys, source, target, message
):
    """A bad argument, or a registry that is away, ends with status 1 and a sentence."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr("training.batch.PATIENCE_S", 0.0)
    write(features(100), tmp_path / "in.csv")
    assert main(["--in", str(tmp_path / source), "--out", str(tmp_path / target)]) == 1
    assert re.search(message, capsys.readouterr().err)
