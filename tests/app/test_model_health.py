"""What the service tells of the models that it serves."""

from dataclasses import dataclass, replace

import pytest

from app.model import ServedModel
from app.model_health import BASELINE_RMSE, MODEL_STALE, ModelHealth
from tests.app.fakes import MODEL


@dataclass
class Models:
    default: ServedModel | None
    problem: str | None = None


def told(models):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in ModelHealth(models).collect()
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("model", "problem", "stale"),
    [
        (MODEL, None, 0),
        (MODEL, "MLflow does not answer", 1),
        # Not stale: there is none, which is told by other means.
        (None, "MLflow does not answer", 0),
    ],
)
def test_a_model_is_stale_when_the_registry_can_not_be_followed(model, problem, stale):
    """And only then."""
    assert told(Models(model, problem))[(MODEL_STALE,)] == stale


def test_the_baseline_goes_with_the_version():
    """Live figures are compared with those of the very version."""
    rated = replace(MODEL, baseline_rmse=0.41)
    assert told(Models(rated))[(BASELINE_RMSE, rated.name, rated.version)] == 0.41


def test_a_model_without_a_baseline_has_no_series():
    """An alert must not compare with a made-up one."""
    assert [name for name, *_ in told(Models(MODEL))] == [MODEL_STALE]
