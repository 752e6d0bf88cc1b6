"""The search: that it goes on where it was, and starts from what is known."""

import optuna
from optuna.trial import TrialState

from training.generate import generate
from training.models.recipes import RECIPES
from training.search import SPACES, TRIED, attempt, open_study
from training.trained import split

DATA = generate(500)
RECIPE = RECIPES["xgboost"]


def test_first_trial_is_what_is_known(tmp_path):
    """The recipe's own settings are tried first, so that the search cannot end worse."""
    study = open_study(RECIPE, DATA, tmp_path, seed=0)
    trial = study.ask()
    params = SPACES["xgboost"](trial)
    assert params == {name: RECIPE.profiles["default"][name] for name in TRIED}


def test_killed_search_goes_on(tmp_path):
    """Ended trials are kept, a trial that was running is closed, and other settings follow."""
    study = open_study(RECIPE, DATA, tmp_path, seed=0)
    drawn = []
    for _ in range(3):
        trial = study.ask()
        drawn.append(SPACES["xgboost"](trial))
        study.tell(trial, 0.5)
    SPACES["xgboost"](study.ask())
    again = open_study(RECIPE, DATA, tmp_path, seed=0)
    states = [trial.state for trial in again.trials]
    assert states == [*[TrialState.COMPLETE] * 3, TrialState.FAIL]
    assert SPACES["xgboost"](again.ask()) not in drawn


def test_other_data_is_another_search(tmp_path):
    """Trials on other data are not mixed in: their losses say nothing here."""
    study = open_study(RECIPE, DATA, tmp_path, seed=0)
    trial = study.ask()
    SPACES["xgboost"](trial)
    study.tell(trial, 0.5)
    other = open_study(RECIPE, generate(500, seed=1), tmp_path, seed=0)
    assert [trial.state for trial in other.trials] == [TrialState.WAITING]


def test_attempt_behind_the_others_is_pruned(tmp_path):
    """A trial that is worse than the median of earlier ones stops early."""
    study = open_study(RECIPE, DATA, tmp_path, seed=0)
    recipe = RECIPES["xgboost-geo"]
    steps = range(0, 2_000, 25)
    for _ in range(6):
        study.add_trial(
            optuna.trial.create_trial(value=0.01, intermediate_values=dict.fromkeys(steps, 0.01))
        )
    slow = {"learning_rate": 0.02, "max_depth": 4}
    study.enqueue_trial(slow)
    study.ask()
    study.optimize(lambda trial: attempt(recipe, split(DATA), trial, 0), n_trials=1)
    assert study.trials[-1].state == TrialState.PRUNED
    assert max(study.trials[-1].intermediate_values) >= 200
