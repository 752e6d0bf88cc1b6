"""Training and serving meet in a real registry: train tiny, load in the app, predict."""

import json
import shutil
import socket
from typing import Any

import pytest

from app.factory import create_app
from app.follower import Follower
from app.metrics import Metrics
from app.model import Champion, UnusableModelError
from app.registry import NoChampionError, RegistryError
from app.service import Service
from app.settings import Settings
from training.generate import generate
from training.models.recipes import CHAMPIONS_RECIPE, recipe_named
from training.trained import split

pytestmark = pytest.mark.e2e

HOUSING = generate(600)


@pytest.fixture(scope="module")
def trained(mlflow, houses) -> dict[str, Any]:
    """What the first training answered."""
    champion = Champion(mlflow.uri, "california-housing", "champion")
    with pytest.raises(NoChampionError):
        champion.current()
    done = mlflow.train("--unless-champion", HOUSING_CSV=str(houses))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_app_serves_what_was_trained(mlflow, trained):
    """The app, given only the registry's address, predicts what the trained booster predicts."""
    follower = Follower(Champion(mlflow.uri, "california-housing", "champion"), 60, lambda _: None)
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
    champion = Champion(mlflow.uri, "california-housing", "champion")
    assert champion.current().version == trained["version"]


def test_bad_data_registers_nothing(mlflow, trained, tmp_path):
    """A refused file ends with status 1, a sentence and no trace."""
    path = tmp_path / "houses.csv"
    path.write_text("a,b\n1,2\n")
    done = mlflow.train(HOUSING_CSV=str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"Training failed: {path}: column longitude" in done.stderr
    assert "Traceback" not in done.stderr
    assert trained["promoted"]


def test_damaged_model_is_not_served(mlflow, trained):
    """A version whose booster is cut off is refused, with its name."""
    champion = Champion(mlflow.uri, "california-housing", "champion")
    version = champion.current()
    booster = next(
        (mlflow.folder / "artifacts").glob(f"*/models/{_model_id(version.source)}/**/*.ubj")
    )
    kept = shutil.copy(booster, mlflow.folder / "kept.ubj")
    try:
        booster.write_bytes(booster.read_bytes()[:1000])
        with pytest.raises(UnusableModelError, match="version 1 cannot be served"):
            champion.load(version)
    finally:
        shutil.copy(kept, booster)
    assert champion.load(version).run_id == trained["run_id"]


def _model_id(source: str) -> str:
    return next(part for part in source.split("/") if part.startswith("m-"))


def test_registry_that_is_gone_is_named():
    """An address where nothing listens is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RegistryError, match=f"{uri} is not reachable"):
        Champion(uri, "california-housing", "champion").current()
