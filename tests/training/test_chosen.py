"""What a version was fitted with is found again by its tags."""

import pytest

from training.chosen import Chosen
from training.errors import TrainingError
from training.models.recipes import CHAMPIONS_RECIPE, recipe_named


def test_what_was_chosen_is_found_again():
    """A search's settings too: a retraining with others would be a worse model."""
    changed = {"learning_rate": 0.07, "max_depth": 4}
    chosen = Chosen.of(recipe_named("xgboost"), "best", changed, "--params x.json")
    assert (chosen.params["learning_rate"], chosen.params["max_depth"]) == (0.07, 4)
    found = Chosen.of_tags({**chosen.tags, "dataset": "logged"})
    assert found == chosen


def test_a_profile_alone_leaves_no_settings():
    """They are the profile's own, which may change with the code."""
    chosen = Chosen.of(recipe_named("linear"), "default", {}, "nothing")
    assert chosen.tags == {"recipe": "linear", "profile": "default"}
    assert chosen.params == recipe_named("linear").profiles["default"]


def test_a_version_without_tags_is_taken_for_the_default():
    """Somebody has registered it by hand."""
    found = Chosen.of_tags({})
    assert (found.recipe.name, found.profile) == (CHAMPIONS_RECIPE, "default")


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"recipe": "boat"}, "boat"),
        ({"recipe": "linear", "profile": "slow"}, "linear has no profile slow"),
        ({"recipe": "linear", "settings": '{"sails": 2}'}, "the champion's tag: sails"),
    ],
)
def test_what_is_there_no_more_is_named(tags, why):
    """Code moves on, versions stay."""
    with pytest.raises(TrainingError, match=why):
        Chosen.of_tags(tags)
