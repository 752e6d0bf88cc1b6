"""Training and serving meet in a real registry: train tiny, load in the app, predict."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from app.bell import Bell
from app.cache import DiskCache
from app.champions import Champions
from app.factory import create_app
from app.follower import Follower
from app.metrics import Metrics
from app.model import UnusableModelError
from app.registry import ModelVersion, Registry
from app.rest import RegistryError, Rest
from app.service import Service
from app.settings import Settings
from training.generate import generate
from training.models.recipes import CHAMPIONS_RECIPE, recipe_named
from training.rows import ROWS_FILE, TrainingRows
from training.trained import split

pytestmark = pytest.mark.e2e

HOUSING = generate(600)
NAME = "california-housing"
ROOM = 150_000_000


def champions(uri: str, folder: Path) -> Champions:
    return Champions(Registry(Rest(uri)), DiskCache(folder), "champion")


def champion(uri: str) -> ModelVersion:
    return Registry(Rest(uri)).champions("champion")[NAME]


@pytest.fixture(scope="module")
def trained(mlflow, houses) -> dict[str, Any]:
    """What the first training answered."""
    assert Registry(Rest(mlflow.uri)).champions("champion") == {}
    done = mlflow.train("--unless-champion", HOUSING_CSV=str(houses))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_app_serves_what_was_trained(mlflow, trained, tmp_path):
    """The app, given only the registry's address, predicts what the trained booster predicts."""
    source = champions(mlflow.uri, tmp_path)
    follower = Follower(source, NAME, ROOM, Bell(tmp_path / "bell"))
    follower.step()
    assert follower.problem is None
    http = create_app(Service(Settings(), follower, Metrics())).test_client()
    answer = http.post("/predict", json={"features": HOUSING.features[:20].tolist()}).json
    assert answer["run_id"] == trained["run_id"]
    assert answer["version"] == trained["version"] == "1"
    recipe, parts = recipe_named(CHAMPIONS_RECIPE), split(HOUSING)
    model = recipe.fit(parts.train, parts.validation, recipe.profiles["default"], 0)
    # The file's ratios are the generated ones but for the last bits.
    expected = model.predict(HOUSING.features[:20]).tolist()
    assert answer["predictions"] == pytest.approx(expected, rel=0.02)
    # The training rows' deciles travelled with the model: the answered rows are counted in them.
    lines = http.get("/metrics").text.splitlines()
    bins = [line for line in lines if line.startswith("prediction_feature_rows_total{")]
    of_income = [line for line in bins if 'feature="MedInc"' in line]
    assert len(of_income) == 10
    assert sum(float(line.rsplit(" ", 1)[1]) for line in of_income) == 20


def test_baseline_travels_with_the_version(mlflow, trained, tmp_path):
    """What live figures are compared with is the run's own, with room for its few rows."""
    served = champions(mlflow.uri, tmp_path).load(champion(mlflow.uri), ROOM).model
    measured = mlflow.run(trained["run_id"])["metrics"]["test_rmse"]
    assert measured < served.baseline_rmse < 1.2 * measured


def test_training_rows_travel_and_are_not_fetched_to_serve(mlflow, trained, tmp_path):
    """What drift is measured against costs a server that only predicts neither time nor memory."""
    version = champion(mlflow.uri)
    assert version.version == trained["version"]
    rows = TrainingRows.from_bytes(Registry(Rest(mlflow.uri)).file(version, ROWS_FILE))
    assert rows.columns == HOUSING.problem.column_names
    assert len(rows.target) == len(split(HOUSING).train.target)
    assert rows.reference.all()
    assert ROWS_FILE not in champions(mlflow.uri, tmp_path).load(version, ROOM).files


def test_run_is_traceable(mlflow, trained):
    """The run has its figures, curves, settings, the data's hash, the commit and its report."""
    run = mlflow.run(trained["run_id"])
    assert run["status"] == "FINISHED"
    assert {"test_rmse", "validation_rmse", "train_rmse"} <= run["metrics"].keys()
    assert any(name.startswith("system/") for name in run["metrics"])
    assert run["params"]["max_depth"]
    assert {"dataset", "data_hash", "git_commit", "recipe"} <= run["tags"].keys()
    listed = mlflow.get("artifacts/list", run_id=trained["run_id"])["files"]
    names = {file["path"] for file in listed}
    files = {"environment", "importance", "reference", "segments"}
    assert names == {"model_card.html", "plots", *(f"{name}.json" for name in files)}
    pictures = mlflow.get("artifacts/list", run_id=trained["run_id"], path="plots")["files"]
    drawn = {"calibration", "curves", "importance", "residuals", "segments", "shap"}
    assert {file["path"] for file in pictures} == {f"plots/{name}.png" for name in drawn}
    assert all(int(file["file_size"]) > 3_000 for file in pictures)


def test_second_training_with_a_champion_does_nothing(mlflow, trained):
    """With --unless-champion a registry that has one is left alone."""
    done = mlflow.train("--unless-champion")
    assert (done.returncode, json.loads(done.stdout)["version"]) == (0, "1")
    assert "already has a champion" in done.stderr
    assert trained["promoted"]


def test_equal_model_is_registered_and_not_promoted(mlflow, trained, houses):
    """A challenger that is not better becomes a version, and the champion stays."""
    done = mlflow.train(HOUSING_CSV=str(houses))
    result = json.loads(done.stdout)
    assert not result["promoted"]
    assert "not better than champion 1" in result["reason"]
    assert champion(mlflow.uri).version == trained["version"]


def test_bad_data_registers_nothing(mlflow, trained, tmp_path):
    """A refused file ends with status 1, a sentence and no trace."""
    path = tmp_path / "houses.csv"
    path.write_text("a,b\n1,2\n")
    done = mlflow.train(HOUSING_CSV=str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"Training failed: {path}: column longitude" in done.stderr
    assert "Traceback" not in done.stderr
    assert trained["promoted"]


def test_version_carries_the_hash_of_its_manifest(mlflow, trained):
    """What training tags the version with is the hash of the manifest that is stored."""
    version = champion(mlflow.uri)
    stored = Registry(Rest(mlflow.uri)).file(version, "MLmodel")
    assert hashlib.sha256(stored).hexdigest() == version.manifest_sha256
    assert version.run_id == trained["run_id"]


@pytest.mark.parametrize("damage", ["cut", "bit", "gone"])
def test_damaged_model_is_not_served(damage, mlflow, trained, tmp_path):
    """A version whose booster is cut off, or one bit of it another one, is refused by name."""
    source, version = champions(mlflow.uri, tmp_path), champion(mlflow.uri)
    booster = next(
        (mlflow.folder / "artifacts").glob(f"*/models/{_model_id(version.source)}/**/*.ubj")
    )
    kept = booster.read_bytes()
    refused = RegistryError if damage == "gone" else UnusableModelError
    try:
        if damage == "gone":
            booster.unlink()
        else:
            cut, bit = kept[:1000], kept[:-50] + bytes([kept[-50] ^ 1]) + kept[-49:]
            booster.write_bytes(cut if damage == "cut" else bit)
        with pytest.raises(refused, match=r"model\.ubj"):
            source.load(version, ROOM)
    finally:
        booster.write_bytes(kept)
    assert source.load(version, ROOM).model.run_id == trained["run_id"]


def _model_id(source: str) -> str:
    return next(part for part in source.split("/") if part.startswith("m-"))
