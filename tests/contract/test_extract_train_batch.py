"""From rows outside to a file of predictions: extraction, training and batch as commands."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.generate import generate
from training.schema import FEATURE_NAMES

pytestmark = pytest.mark.e2e


@pytest.fixture
def rows(tmp_path):
    """Rows to predict, with a column that no model knows."""
    columns = dict(zip(FEATURE_NAMES, generate(500, seed=1).features.T, strict=True))
    pq.write_table(pa.table({"id": np.arange(500), **columns}), tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


@pytest.mark.parametrize("engine", ["memory", "external"])
def test_extracted_rows_train_the_champion_that_predicts_a_file(
    mlflow, houses, rows, tmp_path, engine
):
    """Each command takes what the one before it left, with either engine."""
    parts, out = tmp_path / "parts", tmp_path / "out.csv"
    taken = mlflow.command("extract", "--from", str(houses.parent), "--to", str(parts))
    assert taken.returncode == 0, taken.stderr
    chosen = ("--model", "xgboost", "--engine", engine)
    trained = mlflow.train(*chosen, HOUSING_CSV=str(parts))
    assert trained.returncode == 0, trained.stderr
    done = mlflow.command("batch", "--in", str(rows), "--out", str(out))
    assert done.returncode == 0, done.stderr
    champion = mlflow.aliases()["champion"]
    assert json.loads(done.stdout)["version"] == champion
    lines = out.read_text().splitlines()
    assert len(lines) == 501
    assert lines[0].endswith('"prediction"')
    assert json.loads(trained.stdout)["metrics"]["test_rmse"] > 0


def test_model_without_a_champion_is_named(mlflow, rows, tmp_path):
    """A mistyped model ends with status 1 and a sentence, and nothing is written."""
    arguments = ("--in", str(rows), "--out", str(tmp_path / "out.csv"), "--model", "nowhere")
    done = mlflow.command("batch", *arguments)
    assert done.returncode == 1
    assert "--model nowhere: the registry at" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.csv").exists()
