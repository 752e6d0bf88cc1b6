"""What the service tells of the models that it serves."""

from dataclasses import dataclass, replace

import pytest

from app.model_health import BASELINE_RMSE, MODEL_STALE, ModelHealth
from app.models import Followed
from tests.app.fakes import MODEL


@dataclass
class Models:
    followed: tuple[Followed, ...]


def told(*followed):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in ModelHealth(Models(followed)).collect()
        for sample in family.samples
    }


@pytest.mark.parametrize(("problem", "stale"), [(None, 0), ("MLflow does not answer", 1)])
def test_a_model_is_stale_when_the_registry_can_not_be_followed(problem, stale):
    """And only then."""
    followed = Followed(MODEL.name, model=MODEL, problem=problem)
    assert told(followed) == {(MODEL_STALE, MODEL.name): stale}


def test_a_model_that_is_not_served_is_not_told_of():
    """That there is none is told by other means."""
    assert told(Followed(MODEL.name, problem="it does not fit")) == {}


def test_the_baseline_goes_with_the_version():
    """Live figures are compared with those of the very version; a made-up one is never there."""
    rated = replace(MODEL, name="other", baseline_rmse=0.41)
    found = told(Followed(MODEL.name, model=MODEL), Followed("other", model=rated))
    baselines = {key: value for key, value in found.items() if key[0] == BASELINE_RMSE}
    assert baselines == {(BASELINE_RMSE, "other", rated.version): 0.41}
