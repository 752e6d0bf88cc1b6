"""The gate in a real registry: who becomes champion, what stands on the version, the way back."""

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).resolve().parents[2]
PARENT = "mlflow.parentRunId"


@pytest.fixture(scope="module")
def weak(tmp_path_factory) -> str:
    """Settings that keep a model from learning much."""
    path = tmp_path_factory.mktemp("settings") / "weak.json"
    path.write_text('{"most_trees": 3}')
    return str(path)


@pytest.fixture(scope="module")
def better(mlflow, houses, weak):
    """A registry in which a weak first champion was replaced by a better one."""
    first = mlflow.train("--params", weak, HOUSING_CSV=str(houses))
    second = mlflow.train(HOUSING_CSV=str(houses))
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    return json.loads(first.stdout), json.loads(second.stdout)


def test_better_challenger_becomes_champion(mlflow, better):
    """The better model is promoted, with the numbers on its version; the old one is previous."""
    first, second = better
    assert (first["rule"], second["rule"]) == ("first champion", "paired bootstrap")
    assert second["promoted"]
    assert mlflow.aliases() == {"champion": second["version"], "previous": first["version"]}
    tags = mlflow.versions()[second["version"]]
    assert tags["promotion"] == second["reason"]
    assert float(tags["gate_difference_high"]) < 0
    assert float(tags["gate_rmse"]) == pytest.approx(second["metrics"]["test_rmse"], rel=1e-4)
    assert float(tags["gate_champion_rmse"]) == pytest.approx(
        first["metrics"]["test_rmse"], rel=1e-4
    )


def test_worse_challenger_is_refused_with_the_numbers(mlflow, better, houses, weak):
    """The worse model becomes a version that says why it was refused; no alias moves."""
    before = mlflow.aliases()
    done = mlflow.train("--params", weak, HOUSING_CSV=str(houses))
    result = json.loads(done.stdout)
    assert not result["promoted"]
    assert f"refused: not better than champion {better[1]['version']}" in result["reason"]
    assert mlflow.aliases() == before
    assert mlflow.versions()[result["version"]]["promotion"] == result["reason"]


def test_generated_data_never_replaces_real_data(mlflow, better, tmp_path):
    """A model of generated data is refused over one of real data, whatever its error."""
    assert better
    before = mlflow.aliases()
    # A copy of the code with no data beside it, and no network to get any.
    shutil.copytree(CHECKOUT / "training", tmp_path / "training")
    closed = "http://127.0.0.1:9"
    nothing = {"HOUSING_CSV": "", "HOME": str(tmp_path), "https_proxy": closed}
    done = mlflow.command("train", "--model", "linear", checkout=tmp_path, **nothing)
    result = json.loads(done.stdout)
    assert (result["dataset"], result["rule"]) == ("generated", "generated data")
    assert mlflow.aliases() == before


def test_rollback_swaps_champion_and_previous(mlflow, better):
    """A rollback puts the previous champion back, and a second one undoes it."""
    before = mlflow.aliases()
    done = mlflow.command("rollback")
    assert done.returncode == 0, done.stderr
    swapped = {"champion": before["previous"], "previous": before["champion"]}
    assert mlflow.aliases() == swapped
    assert {name: json.loads(done.stdout)[name] for name in swapped} == swapped
    assert mlflow.command("rollback").returncode == 0
    assert mlflow.aliases() == before
    assert better


def test_rollback_without_a_previous_champion_is_refused(mlflow):
    """Where there is nothing to go back to, the error says so."""
    done = mlflow.command("rollback", "--problem", "nothing-like-it")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing-like-it has no previous champion" in done.stderr


def test_search_goes_on_and_its_trials_are_nested_runs(mlflow, houses, tmp_path):
    """A search tries, is asked for more, and tries only what is missing; each trial is a run."""
    flags = ("--model", "xgboost", "--folder", str(tmp_path))
    first = mlflow.command("search", *flags, "--trials", "2", HOUSING_CSV=str(houses))
    assert first.returncode == 0, first.stderr
    second = mlflow.command("search", *flags, "--trials", "3", HOUSING_CSV=str(houses))
    assert "Going on after 2 trials" in second.stderr
    result = json.loads(second.stdout)
    assert result["trials"] == 3
    assert result["validation_rmse"] <= json.loads(first.stdout)["validation_rmse"]
    listed = mlflow.get("artifacts/list", run_id=result["run_id"])["files"]
    assert {file["path"] for file in listed} == {"xgboost.json", "comparison.html"}
    children = [run for run in mlflow.runs() if run["tags"].get(PARENT) == result["run_id"]]
    assert [run["status"] for run in children] == ["FINISHED"]
    assert children[0]["metrics"]["best_validation_rmse"] > 0
